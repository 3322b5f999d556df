"""Check tables against their schemas and against each other; what breaks a rule is set aside with its reason."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import pandera.pandas as pa

from data.conform import conform, empty_table
from data.errors import MissingTableError
from data.findings import find, join_findings
from data.schemas import KEYS, OPTIONAL_TABLES, REFERENCES, TABLES

_WORDS: Final = {
    "greater_than_or_equal_to": ("out_of_range", "must be at least {min_value}"),
    "greater_than": ("out_of_range", "must be more than {min_value}"),
    "less_than_or_equal_to": ("out_of_range", "must be at most {max_value}"),
    "isin": ("unknown_value", "must be one of {allowed_values}"),
    "str_length": ("wrong_length", "must have {min_value} characters"),
}


def validate(tables: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the tables without their bad rows, and one finding for every rule that a removed row breaks.

    Tables are checked in the order of `data.schemas.TABLES`, so a row whose key points at a removed row goes with it,
    and says so. Optional tables that are absent come back empty. Rows keep their order.

    Raises
    ------
    MissingTableError
        A table that every dataset needs is absent.
    ColumnError
        A column is lacking, unknown or of a type that cannot be read.
    """
    lacking = [name for name in TABLES if name not in tables and name not in OPTIONAL_TABLES]
    if lacking:
        raise MissingTableError(
            f"The table(s) {', '.join(lacking)} are missing; only {' and '.join(OPTIONAL_TABLES)} may be."
        )
    kept: dict[str, pd.DataFrame] = {}
    findings = []
    for name in TABLES:
        if name not in tables:
            kept[name] = empty_table(name)
            continue
        frame, unreadable = conform(name, tables[name])
        broken = _broken_rules(name, frame)
        # A cell that could not be read holds a placeholder, about which nothing else is worth saying.
        told = set(zip(unreadable["row"], unreadable["column"], strict=True))
        broken = broken[[cell not in told for cell in zip(broken["row"], broken["column"], strict=True)]]
        found = join_findings([unreadable, broken, _unjoined(name, frame, kept)])
        findings.append(found.sort_values("row", kind="stable"))
        kept[name] = frame[~frame.index.isin(found["row"])].reset_index(drop=True)
    return kept, join_findings(findings)


def _broken_rules(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Findings of the table's own schema."""
    try:
        TABLES[table].validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return join_findings([_in_words(table, frame, error) for error in errors.schema_errors])
    return join_findings([])


def _in_words(table: str, frame: pd.DataFrame, error: pa.errors.SchemaError) -> pd.DataFrame:
    if not isinstance(error.check, pa.Check):
        # Missing values are told by `conform`, which has seen the value as it came; nothing else may be left.
        if error.reason_code is pa.errors.SchemaErrorReason.SERIES_CONTAINS_NULLS:
            return join_findings([])
        raise error
    check = error.check
    # A rule over several columns names them in its description; one that does not is about the key.
    column = str(error.schema.name) if error.schema.name in frame else check.description or ", ".join(KEYS[table])
    wrong = pd.Series(~np.asarray(error.check_output, dtype=bool))
    if check.name in _WORDS:
        rule, words = _WORDS[check.name]
        statistics = {
            name: ", ".join(value) if isinstance(value, tuple) else value
            for name, value in (check.statistics or {}).items()
        }
        reason = words.format(**statistics)
        return find(table, frame, wrong, key=KEYS[table], column=column, rule=rule, reason=reason)
    return find(table, frame, wrong, key=KEYS[table], column=column, rule=str(check.name), reason=str(check.error))


def _unjoined(table: str, frame: pd.DataFrame, kept: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Findings: keys that point at no row of the table they refer to."""
    findings = []
    for (name, column), (other, other_column) in REFERENCES.items():
        if name != table:
            continue
        wrong = frame[column].notna() & ~frame[column].isin(kept[other][other_column])
        reason = f"{other} has no valid row with this {other_column}"
        findings.append(find(table, frame, wrong, key=KEYS[table], column=column, rule="unknown_key", reason=reason))
    return join_findings(findings)
