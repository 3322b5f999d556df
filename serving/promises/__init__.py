"""Promises as the service makes and holds them."""
