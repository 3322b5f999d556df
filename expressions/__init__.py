"""CEL expressions, checked against a whitelist and compiled once to NumPy column operations."""
