"""What the models see: every feature defined once, computed by the same code for a history and for one request."""
