"""What can go wrong with a benchmark."""


class BenchmarkError(Exception):
    """A benchmark cannot be run as asked; the message says what is missing and how to give it."""
