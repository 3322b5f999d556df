"""Measure a policy or a model against a history or a synthetic retailer whose truth is known."""
