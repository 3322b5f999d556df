"""What can go wrong with a bundle."""


class PredictionError(Exception):
    """Base of every error of this package."""


class BundleError(PredictionError):
    """A bundle is incomplete, altered, of another format, or does not predict what it predicted when it was trained."""
