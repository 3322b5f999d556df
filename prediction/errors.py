"""What can go wrong with a bundle."""

from typing import Final

#: What to do about a damaged bundle.
AGAIN: Final = "Copy the bundle again, or train again."


class PredictionError(Exception):
    """Base of every error of this package."""


class BundleError(PredictionError):
    """A bundle is incomplete, altered, of another format, or does not predict what it predicted when it was trained."""


class LanesError(PredictionError):
    """A table of lanes is missing or altered."""
