"""What can go wrong when predictions are compared with the truth."""


class TruthMissingError(ValueError):
    """The folder is not the truth of a synthetic history, or not of this one."""
