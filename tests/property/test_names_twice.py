"""A name that stands twice in a JSON text is found wherever it stands, however it is written, and nothing else is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.web.twice import name_twice

_NAMES = st.sampled_from(["a", "b", ":", '"', "à", "a:b", "\\", ""])
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _NAMES
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(_NAMES, inner), max_size=3).map(tuple),
    max_leaves=12,
)


def written(value: Any, *, escaped: bool, space: str) -> str:
    """Return the JSON of ``value``, whose objects are tuples of names and values."""
    if isinstance(value, tuple):
        pairs = (
            f"{text(name, escaped=escaped)}{space}:{written(one, escaped=escaped, space=space)}" for name, one in value
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(one, escaped=escaped, space=space) for one in value) + "]"
    return text(value, escaped=escaped) if isinstance(value, str) else json.dumps(value)


def text(value: str, *, escaped: bool) -> str:
    """Return the JSON of a text, each of whose characters may be written by its number."""
    return '"' + "".join(f"\\u{ord(sign):04x}" for sign in value) + '"' if escaped else json.dumps(value)


def some_twice(value: Any) -> bool:
    """Return whether some name stands twice in its object."""
    if isinstance(value, tuple):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(some_twice(one) for _, one in value)
    return isinstance(value, list) and any(map(some_twice, value))


@given(_VALUES, st.booleans(), st.sampled_from(["", " ", "\n"]))
def test_a_name_is_found_if_and_only_if_it_stands_twice(value: Any, escaped: bool, space: str) -> None:
    found = name_twice(written(value, escaped=escaped, space=space).encode())
    assert (found is not None) == some_twice(value)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"quantity": 1, "quantity": 100}', "quantity"),
        (b'{"lines": [{"sku": "A"}, {"sku": "A", "sku": "B"}]}', "lines[1].sku"),
        (b'[{"attributes": {"abc": 1, "\\u0061bc": 2}}]', "[0].attributes.abc"),
        (b'{"note": "\\u003a", "sku": "A", "sku": "B"}', "sku"),
        (b'{"at": 184467440737095516160, "at": 1}', "at"),
    ],
)
def test_it_is_told_where_it_stands(content: bytes, field: str) -> None:
    found = name_twice(content)
    assert found is not None
    assert found.field == field
