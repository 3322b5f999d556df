"""What can go wrong with a simulation."""


class TruthMissingError(ValueError):
    """The folder is not the truth of a synthetic history, or not of this one."""


class TablesMissingError(ValueError):
    """The folder lacks a table of the Brunel day; the message names the file."""
