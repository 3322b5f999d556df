"""The service: API, state, live rules."""
