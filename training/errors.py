"""What can go wrong while training."""


class TrainingError(Exception):
    """Base of every error of this package."""


class TooLittleHistoryError(TrainingError):
    """What was known as of the cut is too little to train on."""


class TrackingError(TrainingError):
    """The tracking server cannot be used."""


class NotABundleError(TrainingError):
    """A bundle would be written over something else."""
