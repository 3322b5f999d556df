"""Each headline figure, measured beside its peer, by one command."""
