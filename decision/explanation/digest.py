"""A fingerprint of everything that shaped a decision: equal digests mean equal decisions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.network import Network
from decision.order import Order
from features.coded import distinct_codes


def digest(
    order: Order,
    network: Network,
    candidates: Candidates,
    *,
    ruleset: str,
    now: datetime,
    options: int,
    versions: Mapping[str, str],
) -> str:
    """Return ``sha256:…`` of the order, the candidates with all that is known of them, the ruleset and the versions.

    ``ruleset``: its own digest, or that none applies.
    """
    told = orjson.dumps([order, now, options, versions, ruleset], option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS)
    seen = hashlib.sha256(told)
    for field in fields(candidates):
        if field.name != "joined":  # follows from the rest
            seen.update(np.ascontiguousarray(getattr(candidates, field.name)).tobytes())
    places, _ = distinct_codes(candidates.location)
    for name in sorted(network.locations):
        column = network.locations[name]
        if column.dtype == object:
            texts = network.once(("written", name), partial(_all_written, column))
            seen.update("\x1f".join(texts[places].tolist()).encode())
        else:
            seen.update(column[places].tobytes())
    seen.update(network.once("services written", partial(_services_written, network)))
    return f"sha256:{seen.hexdigest()}"


def _all_written(column: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([_written(cell) for cell in column.tolist()], object)


def _services_written(network: Network) -> bytes:
    columns = (network.services[name].tolist() for name in sorted(network.services))
    return "".join("\x1f".join(map(_written, column)) for column in columns).encode()


def _written(cell: Any) -> str:
    """Return a cell as text; equal attributes, tags and hours are written alike, however they were put together."""
    if isinstance(cell, str):
        return cell
    return json.dumps(cell, sort_keys=True) if isinstance(cell, Mapping | list | tuple) else str(cell)
