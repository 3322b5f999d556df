"""One column of a table made from the rows of a source, cell by cell accounted for."""

from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from data.conform import BEYOND_CALENDAR, INSTANT, NUMBER, OFFSET, TRUTH, WHOLE, Column
from data.findings import told
from data.local_time import beyond_calendar, end_of_day, in_utc, to_local, to_utc
from data.mapped_sources import Rows
from data.mapping import EPOCHS, ColumnMapping
from data.units import UNITS, convert
from data.yaml_lines import Place
from expressions.kinds import Kind

#: Instants are counted in 64 bits of nanoseconds on their way.
_LONGEST_YEARS: Final = 290


@dataclass(frozen=True, eq=False)
class Cells:
    """A column in the making: its values, and where one could not be made, why (``fault``) and of what (``seen``)."""

    values: "pd.Series[Any]"
    fault: "pd.Series[Any]"
    seen: "pd.Series[Any]"

    def blame(self, wrong: "pd.Series[bool]", reason: str, seen: "pd.Series[Any] | None" = None) -> "Cells":
        """Without the values that are ``wrong``, for this reason; ``seen`` is what they were made of."""
        if not wrong.any():
            return self
        witnessed = (self.values if seen is None else seen)[wrong].map(told)
        fault, witness = self.fault.copy(), self.seen.copy()
        fault[wrong], witness[wrong] = reason, witnessed
        return Cells(self.values.mask(wrong), fault, witness)


@dataclass(frozen=True)
class ColumnMaker:
    """Makes the columns of one table from ``rows``; a column that others are counted from is made once."""

    rows: Rows
    table: str
    columns: dict[str, Column]
    entries: dict[str, ColumnMapping]
    _made: dict[str, Cells] = field(default_factory=dict)
    _making: list[str] = field(default_factory=list)

    def make(self, name: str) -> Cells:
        """The column called ``name``.

        Raises
        ------
        MappingError
            It names what the source does not have, or is counted from itself.
        """
        place: Place = ("tables", self.table, "columns", name)
        if name in self._making:
            raise self.rows.mapping.error(place, f"is counted from itself, by way of {', '.join(self._making)}")
        if name not in self._made:
            self._making.append(name)
            self._made[name] = self._evaluate(self.columns[name], self.entries[name], place)
            self._making.pop()
        return self._made[name]

    def _evaluate(self, column: Column, entry: ColumnMapping, place: Place) -> Cells:
        cells = self._origin(column, entry, place)
        if entry.when is not None:
            condition = self.rows.compile(entry.when, Kind.TRUTH, (*place, "when"))
            holds = np.broadcast_to(condition.is_true(self.rows.read(condition)), len(self.rows.frame))
            cells = Cells(cells.values.where(holds), cells.fault.where(holds), cells.seen.where(holds))
        if entry.values is not None:
            cells = _translate(cells, entry)
        if column.kind in {NUMBER, WHOLE} or entry.after is not None:
            cells = _as_numbers(cells)
        if column.kind == INSTANT and entry.first_of is None:
            cells = self._as_instants(cells, entry, place)
        elif entry.unit is not None:
            cells = replace(cells, values=convert(cells.values, entry.unit, UNITS[column.name]))
        if entry.default is not None:
            absent = cells.values.isna() & cells.fault.isna()
            instead = pd.Timestamp(entry.default).tz_convert("UTC") if column.kind == INSTANT else entry.default
            values = cells.values if column.kind in {INSTANT, NUMBER, WHOLE} else cells.values.astype("object")
            cells = replace(cells, values=values.mask(absent, instead))
        return cells

    def _origin(self, column: Column, entry: ColumnMapping, place: Place) -> Cells:
        if entry.first_of is not None:
            parts = [self._evaluate(column, part, (*place, "first_of", i)) for i, part in enumerate(entry.first_of)]
            cells = parts[0]
            for part in parts[1:]:
                gap = cells.values.isna() & cells.fault.isna()
                cells = Cells(
                    cells.values.where(~gap, part.values),
                    cells.fault.where(~gap, part.fault),
                    cells.seen.where(~gap, part.seen),
                )
            return cells
        if entry.expression is not None:
            return self._compute(column, entry, place)
        if entry.column is not None:
            return self._whole(self.rows.column(entry.column, (*place, "column")))
        return self._whole(pd.Series([entry.constant] * len(self.rows.frame)))

    def _whole(self, values: "pd.Series[Any]") -> Cells:
        """Cells with nothing wrong in them."""
        nothing = pd.Series([None] * len(values), dtype="object")
        return Cells(values, nothing, nothing)

    def _compute(self, column: Column, entry: ColumnMapping, place: Place) -> Cells:
        """What cannot be computed although everything that it is computed from is there, is at fault."""
        assert entry.expression is not None
        plain = entry.values is None and entry.format is None and entry.after is None
        kind = _EXPRESSED.get(column.kind, Kind.TEXT) if plain else None
        expression = self.rows.compile(entry.expression, kind, (*place, "expression"))
        values = pd.Series(np.broadcast_to(expression.values(self.rows.read(expression)), len(self.rows.frame)))
        if expression.kind is Kind.TRUTH:
            values = values.map({1.0: True, 0.0: False}).astype("object")
        cells = self._whole(values)
        used = [self.rows.column(name, place) for name in sorted(expression.names)]
        complete = pd.Series(True, index=cells.values.index)
        for read in used:
            complete &= read.notna()
        wrong = cells.values.isna() & complete
        if not wrong.any():
            return cells
        parts = [[f"{read.name}={told(value)}" for value in read[wrong]] for read in used]
        # Where no column is read, nothing is seen.
        texts = [", ".join(row) for row in zip(*parts, strict=True)] or None
        seen = pd.Series(texts, index=cells.values.index[wrong], dtype="object")
        return cells.blame(wrong, f"cannot be computed: {entry.expression}", seen.reindex(cells.values.index))

    def _as_instants(self, cells: Cells, entry: ColumnMapping, place: Place) -> Cells:
        if entry.after is not None:
            assert entry.unit is not None
            passed = _bounded(replace(cells, values=convert(cells.values, entry.unit, "seconds")), cells.values)
            span = pd.to_timedelta(passed.values, unit="s").astype("timedelta64[us]")
            return replace(passed, values=self.make(entry.after).values + span)
        if entry.format in EPOCHS:
            cells = _read_epoch(cells, EPOCHS[entry.format])
        elif entry.format is not None and "%z" in entry.format:
            cells = _read_with_offset(cells, entry.format)
        cells = replace(cells, values=in_utc(cells.values))
        if pd.api.types.is_datetime64_any_dtype(cells.values.dtype):
            cells = cells.blame(beyond_calendar(cells.values), BEYOND_CALENDAR)
        if isinstance(cells.values.dtype, pd.DatetimeTZDtype) and not entry.end_of_day:
            return replace(cells, values=cells.values.dt.as_unit("us"))
        if entry.timezone is None and entry.timezone_column is None:
            if entry.end_of_day or pd.api.types.is_datetime64_dtype(cells.values.dtype):
                raise self.rows.mapping.error(place, "say in which timezone these times are meant")
            return _read_with_offset(cells)
        return self._read_local(cells, entry, place)

    def _read_local(self, cells: Cells, entry: ColumnMapping, place: Place) -> Cells:
        count = len(cells.values)
        if entry.timezone_column is not None:
            zones = self.rows.column(entry.timezone_column, (*place, "timezone_column"))
        else:
            zones = pd.Series([entry.timezone] * count, dtype="str")
        known = zones.isin(available_timezones())
        if entry.timezone is not None and count and not known.all():
            raise self.rows.mapping.error(
                (*place, "timezone"), f"{entry.timezone} is not the name of an IANA time zone"
            )
        cells = cells.blame(~known & cells.values.notna(), "has no IANA time zone to tell it by")
        cells = _read_naive(cells, entry, zones)
        instants = pd.Series(pd.NaT, index=cells.values.index, dtype="datetime64[us, UTC]")
        for zone in sorted(zones[known].unique()):
            here = zones == zone
            local = end_of_day(cells.values[here]) if entry.end_of_day else cells.values[here]
            # Of a time that comes twice the first, but the end of a day is after both.
            instants[here] = to_utc(local, str(zone), first=not entry.end_of_day)
        return replace(cells, values=instants)


_EXPRESSED: Final = {NUMBER: Kind.NUMBER, WHOLE: Kind.NUMBER, TRUTH: Kind.TRUTH}


def _text(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """As text; a whole number without its ``.0``, a truth as ``true`` or ``false``."""
    if values.dtype == "str":
        return values
    return values.map(_write).astype("str")


def _write(value: Any) -> str | None:
    if isinstance(value, bool | np.bool_):
        # As a mapping file writes it.
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else told(value)


def _has_offset(texts: "pd.Series[Any]") -> "pd.Series[bool]":
    return texts.str.strip().str.contains(OFFSET, na=False).astype(bool)


def _translate(cells: Cells, entry: ColumnMapping) -> Cells:
    assert entry.values is not None
    texts = _text(cells.values)
    unknown = texts.notna() & ~texts.isin(list(entry.values))
    # By hand, so that true stays true and 1 stays 1 in one column.
    meant = [
        entry.otherwise if strange else entry.values.get(text) for text, strange in zip(texts, unknown, strict=True)
    ]
    translated = replace(cells, values=pd.Series(meant, dtype="object", index=texts.index))
    if entry.otherwise is not None:
        return translated
    return translated.blame(unknown, f"is not among the values mapped: {', '.join(entry.values)}", texts)


def _as_numbers(cells: Cells) -> Cells:
    values = cells.values
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        endless = values.astype("float64").isin([np.inf, -np.inf])
        return cells.blame(endless, "is not a finite number")
    texts = _text(values).str.strip()
    texts = texts.mask(texts == "")
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite(numbers))
    return replace(cells, values=numbers).blame(numbers.isna() & texts.notna(), "is not a finite number", values)


def _bounded(seconds: Cells, seen: "pd.Series[Any]") -> Cells:
    """Without the seconds that reach beyond what instants can say; ``seen`` is what they were made of."""
    reason = f"is more than {_LONGEST_YEARS} years: is its unit right?"
    return seconds.blame(seconds.values.abs() > _LONGEST_YEARS * 365 * 86_400, reason, seen)


def _read_epoch(cells: Cells, unit: str) -> Cells:
    numbers = _as_numbers(cells)
    seconds = _bounded(replace(numbers, values=convert(numbers.values, unit, "seconds")), cells.values)
    return replace(seconds, values=pd.to_datetime(seconds.values, unit="s", utc=True).dt.as_unit("us"))


def _read_with_offset(cells: Cells, written: str | None = None) -> Cells:
    """``written``: how, if not by ISO 8601."""
    texts = _text(cells.values)
    told_by = texts.where(_has_offset(texts)) if written is None else texts
    instants = pd.to_datetime(told_by, errors="coerce", utc=True, format=written or "ISO8601").dt.as_unit("us")
    reason = "is not an instant with its offset from UTC, such as 2026-03-02T09:14:00Z; is a timezone missing?"
    if written is not None:
        reason = f"is not a time written {written}"
    return replace(cells, values=instants).blame(instants.isna() & texts.notna(), reason, texts)


def _read_naive(cells: Cells, entry: ColumnMapping, zones: "pd.Series[Any]") -> Cells:
    values = cells.values
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        local = pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
        for zone in sorted(zones.dropna().unique()):
            here = zones == zone
            local[here] = to_local(values[here], str(zone))
        return replace(cells, values=local)
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return cells
    texts = _text(values)
    # What is written in another way has its own use for + and -.
    offset = _has_offset(texts) & (entry.format is None)
    times = pd.to_datetime(texts.mask(offset), errors="coerce", format=entry.format or "ISO8601").dt.as_unit("us")
    read = replace(cells, values=times).blame(offset, "has an offset of its own: it is no local time", texts)
    reason = f"is not a time written {entry.format}" if entry.format else "is not a time such as 2026-03-02 09:14:00"
    return read.blame(times.isna() & texts.notna() & ~offset, reason, texts)
