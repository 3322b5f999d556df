"""What can go wrong with data, in words for the person who has to mend it."""


class DataError(Exception):
    """The data cannot be used as it is; the message says what is wrong, where, and what to do."""


class MissingTableError(DataError):
    """A file that is needed is not there."""


class ColumnError(DataError):
    """A table lacks a column, has one that nobody knows, or one of a type that cannot be read."""


class MappingError(DataError):
    """A mapping file cannot be used; the message begins with the file and the line."""


class InvalidDatasetError(DataError):
    """A dataset on disk holds rows that break the rules of its tables."""
