"""Names that stand more than once in one object of a JSON text: whoever reads it takes the last, and says nothing."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import orjson
from pydantic_core import from_json

from serving.errors import FieldError
from serving.web.problems import field_path

#: How a colon may be written in a JSON text but as it is.
_ESCAPED_COLON: Final = b"\\u003"


def name_twice(content: bytes) -> FieldError | None:
    """Return the first name in ``content``, a JSON text, that stands more than once in its object."""
    try:
        again = orjson.dumps(from_json(content))
    except (ValueError, TypeError):  # what one of the two does not take, such as a number beyond 64 bits
        again = b""
    return name_lost(content, [again])


def name_lost(content: bytes, again: Iterable[bytes]) -> FieldError | None:
    """Return the same as `name_twice`, of a text that was read, and written ``again`` in parts.

    So it has lost the colons of such names and no others. Where all are there no closer look is needed, which takes
    several times as long.
    """
    if sum(part.count(b":") for part in again) == content.count(b":") and _ESCAPED_COLON not in content:
        return None
    found = _find(json.loads(content, object_pairs_hook=_Object, parse_int=float), ())
    return None if found is None else FieldError(field_path(found), "stands more than once in its object")


class _Object(list[tuple[str, Any]]):
    """Names with their values, as they were written."""


def _find(value: Any, at: tuple[int | str, ...]) -> tuple[int | str, ...] | None:
    parts: Any = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, _Object):
        parts, times = value, Counter(name for name, _ in value)
        if (twice := next((name for name in times if times[name] > 1), None)) is not None:
            return (*at, twice)
    return next((found for name, part in parts if (found := _find(part, (*at, name)))), None)
