"""Expressions that people write: CEL, checked before use and run as NumPy column operations.

Rules and mapped import share this package; it knows nothing about either. Start at `expressions.compiled`.
"""
