"""Ruleset documents: read from JSON or YAML, published from files, told in short."""
