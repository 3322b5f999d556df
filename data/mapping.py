"""The mapping file: which files of a source become which columns of the tables. Its form; what it does is elsewhere."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from data.conform import INSTANT, NUMBER, OFFSET, TRUTH, WHOLE, Column, columns_of, required_columns
from data.errors import MappingError
from data.schemas import TABLES
from data.units import FACTORS, UNITS
from data.yaml_lines import Place, read_yaml

Scalar = bool | int | float | str


class _Part(BaseModel):
    """A word that nobody knows is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(_Part):
    """A CSV or Parquet file, or several alike by a pattern such as ``orders_*.csv``, in order of their names."""

    file: str
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    #: Texts of a CSV that mean that a value is missing, beside the empty one.
    missing: list[str] = []


class Join(_Part):
    """Columns of another source, beside each row that has its key; ``on`` is own column → column of ``source``."""

    source: str
    on: dict[str, str] = Field(min_length=1)


class ColumnMapping(_Part):
    """Where a column comes from (one of the first four), and what is done with it, in the order of the fields."""

    column: str | None = None
    expression: str | None = None
    constant: Scalar | None = None
    first_of: "list[ColumnEntry] | None" = Field(None, min_length=1)

    when: str | None = None
    values: dict[str, Scalar | None] | None = Field(None, min_length=1)
    otherwise: Scalar | None = None
    unit: str | None = None
    format: str | None = None
    timezone: str | None = None
    timezone_column: str | None = None
    end_of_day: bool = False
    after: str | None = None
    default: Scalar | None = None
    aggregate: Literal["first", "last", "sum", "min", "max"] = "first"

    @model_validator(mode="after")
    def _has_one_origin(self) -> "ColumnMapping":
        origins = [name for name in ("column", "expression", "constant", "first_of") if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError("give one of column, expression, constant and first_of")
        if self.timezone is not None and self.timezone_column is not None:
            raise ValueError("give timezone or timezone_column, not both")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise needs values")
        return self


def _spell_out(entry: Any) -> Any:
    """A column's name alone stands for that column as it is."""
    return {"column": entry} if isinstance(entry, str) else entry


ColumnEntry = Annotated[ColumnMapping, BeforeValidator(_spell_out)]


class TableMapping(_Part):
    """One table: rows of a source with what is joined to them, or rows written out."""

    source: str | None = Field(None, alias="from")
    join: list[Join] = []
    where: str | None = None
    columns: dict[str, ColumnEntry] = {}
    group_by: list[str] = []
    rows: list[dict[str, Scalar | None]] | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> "TableMapping":
        if (self.source is None) == (self.rows is None):
            raise ValueError("give either from (a source, with columns) or rows")
        if self.rows is not None and (self.columns or self.join or self.where or self.group_by):
            raise ValueError("rows stand alone: nothing is joined to them or left out")
        return self


class _Document(_Part):
    sources: dict[str, Source] = {}
    tables: dict[str, TableMapping] = Field(min_length=1)


_WORDS: Final = sorted(
    {
        field.alias or name
        for part in (Source, Join, ColumnMapping, TableMapping, _Document)
        for name, field in part.model_fields.items()
    }
)


class Mapping:
    """A mapping file, checked as far as it can be without the source."""

    def __init__(self, path: Path) -> None:
        """Read ``path``, or raise `MappingError`."""
        self._path = path
        document, self._lines = read_yaml(path)
        try:
            checked = _Document.model_validate(document)
        except ValidationError as error:
            raise self._first(error) from None
        self.sources = checked.sources
        self.tables = checked.tables
        for name, table in self.tables.items():
            self._check_table(name, table)

    def error(self, place: Place, message: str) -> MappingError:
        """An error that says where in the file."""
        known = next(place[:end] for end in range(len(place), -1, -1) if place[:end] in self._lines)
        where = ".".join(str(part) for part in place)
        return MappingError(f"{self._path}, line {self._lines[known]}: {f'{where}: ' if where else ''}{message}")

    def _first(self, error: ValidationError) -> MappingError:
        details = error.errors()[0]
        place: list[str | int] = []
        for part in details["loc"]:
            if (*place, part) in self._lines or details["type"] in {"extra_forbidden", "missing"}:
                place.append(part)
        message = details["msg"]
        if details["type"] == "model_type":
            message = "must be a mapping: words with their values"
        if details["type"] == "bool_type" and details["loc"][-1] == "bool":
            # The first of the kinds that a scalar may be.
            message = "must be one value: a text, a number, true or false"
        if details["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(place[-1]), _WORDS, n=1)
            message = f"nobody knows this word{f'; did you mean {near[0]}?' if near else ''}"
        return self.error(tuple(place), message.removeprefix("Value error, "))

    def _check_table(self, name: str, table: TableMapping) -> None:
        place: Place = ("tables", name)
        if name not in TABLES:
            raise self.error(place, f"there is no such table; the tables are {', '.join(TABLES)}")
        declared = {column.name: column for column in columns_of(name)}
        given = [set(table.columns)] if table.rows is None else [set(row) for row in table.rows]
        for names in given:
            for column in sorted(names - declared.keys()):
                at = (*place, "columns", column) if table.rows is None else (*place, "rows")
                raise self.error(at, f"{name} has no column {column}; its columns are {', '.join(declared)}")
            if lacking := [column for column in required_columns(name) if column not in names]:
                raise self.error(place, f"{name} needs the column(s) {', '.join(lacking)}")
        for source in [table.source, *(join.source for join in table.join)]:
            if source is not None and source not in self.sources:
                raise self.error(place, f"there is no source {source}; the sources are {', '.join(self.sources)}")
        for column in table.group_by:
            if column not in table.columns:
                raise self.error((*place, "group_by"), f"{column} is not one of the columns mapped here")
        for column, entry in table.columns.items():
            self._check_column((*place, "columns", column), declared[column], entry, table)

    def _check_column(self, place: Place, column: Column, entry: ColumnMapping, table: TableMapping) -> None:
        for position, part in enumerate(entry.first_of or []):
            self._check_column((*place, "first_of", position), column, part, table)
        if column.kind != INSTANT:
            for word in _OF_INSTANTS:
                if getattr(entry, word):
                    raise self.error((*place, word), f"{word} is for instants, and {column.name} is {column.kind}")
        else:
            self._check_instant(place, entry)
        if entry.unit is not None:
            self._check_unit((*place, "unit"), column, entry)
        if entry.default is not None and not _may_stand_in(column.kind, entry.default):
            raise self.error((*place, "default"), f"{entry.default} is no {column.kind}, such as {_SUCH[column.kind]}")
        if entry.after is not None and entry.after not in table.columns:
            raise self.error((*place, "after"), f"{entry.after} is not one of the columns mapped here")
        if entry.after is not None and entry.unit is None:
            raise self.error((*place, "after"), f"say in which unit: {', '.join(FACTORS['seconds'])}")
        if "aggregate" in entry.model_fields_set and not table.group_by:
            raise self.error((*place, "aggregate"), "nothing is aggregated without group_by")
        if entry.aggregate == "sum" and column.kind != NUMBER:
            raise self.error((*place, "aggregate"), f"only numbers have a sum, and {column.name} is {column.kind}")

    def _check_instant(self, place: Place, entry: ColumnMapping) -> None:
        told = [word for word in (*_OF_INSTANTS, "unit") if getattr(entry, word)]
        if entry.first_of is not None and told:
            raise self.error((*place, told[0]), f"say {told[0]} in each entry of first_of that needs it")
        if entry.after is not None and (others := [word for word in told if word not in {"after", "unit"}]):
            raise self.error((*place, others[0]), f"{others[0]} has no meaning for what is counted from {entry.after}")
        if entry.format is None or entry.format in EPOCHS:
            return
        try:
            pd.to_datetime(["no time"], format=entry.format, errors="coerce")
        except ValueError as error:
            raise self.error((*place, "format"), f"{error}; or say {' or '.join(EPOCHS)}") from None
        if "%z" not in entry.format and entry.timezone is None and entry.timezone_column is None:
            raise self.error(place, "say in which timezone these times are meant")

    def _check_unit(self, place: Place, column: Column, entry: ColumnMapping) -> None:
        target = "seconds" if column.kind == INSTANT else UNITS.get(column.name)
        if target is None:
            raise self.error(place, f"{column.name} has no unit")
        if column.kind == INSTANT and entry.after is None:
            raise self.error(place, "an instant has no unit; say after which instant the time has passed (after)")
        if entry.unit not in FACTORS[target]:
            raise self.error(place, f"{entry.unit} does not convert; known are {', '.join(FACTORS[target])}")


_SUCH: Final = {TRUTH: "true", NUMBER: "1.5", WHOLE: "1", INSTANT: "2026-03-02T09:14:00Z"}


def _may_stand_in(kind: str, default: Scalar) -> bool:
    """Whether ``default`` is a value of a column of this kind."""
    if kind == INSTANT:
        instant = pd.to_datetime(str(default), errors="coerce", utc=True, format="ISO8601")
        return bool(OFFSET.search(str(default))) and not pd.isna(instant)
    if kind in {NUMBER, WHOLE}:
        return isinstance(default, int | float) and not isinstance(default, bool)
    return kind != TRUTH or isinstance(default, bool)


#: Formats that are no strptime → the unit in which seconds since 1970 UTC are counted.
EPOCHS: Final = {"epoch_seconds": "seconds", "epoch_milliseconds": "milliseconds"}
_OF_INSTANTS: Final = ("format", "timezone", "timezone_column", "end_of_day", "after")
