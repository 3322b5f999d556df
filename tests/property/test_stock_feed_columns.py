"""Stock rows checked by columns are taken and refused as those checked one by one."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.database.stock_batch import Counts, counts_of
from serving.feeds.checking import CLOCK_TOLERANCE, Rejected, _check, check_counts
from serving.state.shared import Shared
from serving.state.snapshot import Product, Snapshot
from serving.wire.rows import StockRow

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SNAPSHOT = Snapshot(
    positions={"L1": 0}, products=Shared({"A": Product(None, None, None, None, hazmat=False, bulky=False)})
)
assert CLOCK_TOLERANCE.total_seconds() == 300

NUMBERS = st.sampled_from(
    (0, 1, 7, 10**9, 10**9 + 1, -1, 2**62, 2**62 + 1, 2**64, True, 0.5, 3.0, 1e12, 2e12, "3", None)
)
INSTANTS = st.sampled_from(
    (
        *("2026-03-02T06:00:00Z", "2026-03-02T06:00:00.123456+01:00", "2026-03-02T09:05:00Z", "2026-03-02T09:05:01Z"),
        *(
            "2026-03-02 06:00:00Z",
            "2026-03-02T06:00:00",
            "2026-03-02T06:00Z",
            "2026-02-30T06:00:00Z",
            "0001-01-01T00:00:00Z",
        ),
        *(
            "2026-03-02T06:00:60Z",
            "2026-03-02T06:00:00.1234567Z",
            "2026-03-02T06:00:00+24:00",
            "2026-W10-1",
            1772431200,
        ),
    )
)
NAMES = st.sampled_from(("A", "L1", "B", "", "A\n", "x" * 201, None, 1, ["A"]))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "sku": st.just("A") | NAMES,
    "location_id": st.just("L1") | NAMES,
    "counted_at": st.just("2026-03-02T06:00:00Z") | INSTANTS,
    "on_hand": st.just(3) | NUMBERS,
}
MAYBE = {"source": NAMES} | dict.fromkeys(
    ("reserved", "safety_stock", "daily_demand", "markdown_risk", "source_sequence", "onhand"), NUMBERS
)
GOOD = {"sku": "A", "location_id": "L1", "counted_at": "2026-03-02T06:00:00Z", "on_hand": 3}
#: A good row with at most two fields changed or left out: most are wrong in one thing only.
ROWS = st.builds(
    lambda changed, without: {name: value for name, value in {**GOOD, **changed}.items() if name != without},
    st.lists(st.sampled_from(sorted({**FIELDS, **MAYBE})), max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({name: {**FIELDS, **MAYBE}[name] for name in names})
    ),
    st.none() | st.sampled_from(sorted(FIELDS)),
)
GOOD_LINE = json.dumps(GOOD).encode()
NO_ROWS = (
    *(b"{", b"null", b"[]", b'"}', b'{"sku": "A"},{"sku": "A"}', b'{"on_hand": NaN}', b"\xef\xbb\xbf" + GOOD_LINE),
    # Two rows on one line, and one row on two, are as many rows as lines.
    *(GOOD_LINE + GOOD_LINE, GOOD_LINE[:30], GOOD_LINE[30:]),
    *(
        GOOD_LINE[:-1] + rest
        for rest in (
            b', "sku": "A"}',  # told twice, the last counts
            b', "daily_demand": NaN}',
            b', "daily_demand": Infinity}',
            b', "source": "\xff"}',
            b', "source": "\\ud800"}',
            b', "source": "\\u00e8"}',
            b', "res\\u0065rved": null}',
            b', "res\\u0065rved": 2}',
            b', "reserved"\t:\rnull}',
            b', "source": {"sku": "A"}}',
        )
    ),
)
LINES = ROWS.map(lambda row: json.dumps(row).encode()) | st.sampled_from(NO_ROWS)


@settings(max_examples=600, derandomize=True, database=None)
@given(st.lists(st.just(GOOD_LINE) | LINES, min_size=1, max_size=40))
def test_columns_take_and_refuse_what_rows_do(lines: list[bytes]) -> None:
    counts, rejected = check_counts(lines, SNAPSHOT, NOW)
    rows, refused = one_by_one(lines)
    assert sorted(rejected, key=lambda row: row.index) == refused
    for name in Counts.__slots__:
        np.testing.assert_array_equal(getattr(counts, name), getattr(rows, name), err_msg=name)


def one_by_one(lines: list[bytes]) -> tuple[Counts, list[Rejected]]:
    accepted, rejected = _check(StockRow, enumerate(lines), SNAPSHOT, NOW)
    return counts_of(row for _, row in accepted), rejected
