"""What can go wrong with data, in words for the person who has to mend it."""

from pathlib import Path


class DataError(Exception):
    """The data cannot be used as it is; the message says what is wrong, where, and what to do."""


class MissingTableError(DataError):
    """A file that is needed is not there."""


class UnfinishedDatasetError(DataError):
    """A folder is being written, or was when that was interrupted."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        super().__init__(
            f"{folder} is not whole: somebody is writing it, or was interrupted ({', '.join(files)} unfinished). "
            "Wait for its end, or generate or import it again."
        )


class UnknownTableError(DataError):
    """A folder has a table that nobody knows: a mistyped name must not lose one."""


class ColumnError(DataError):
    """A table lacks a column, has one that nobody knows, or one of a type that cannot be read."""


class UnreadableFileError(DataError):
    """A file is not what it should be; ``why`` says how one sees it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be read: {why.rstrip('. ')}.")


class MappingError(DataError):
    """A mapping file cannot be used; the message begins with the file and the line."""


class InvalidDatasetError(DataError):
    """A dataset on disk holds rows that break the rules of its tables."""
