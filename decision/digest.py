"""A fingerprint of everything that shaped a decision: equal digests mean equal decisions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from decision.candidates import Candidates
from decision.network import Network
from decision.order import Order
from decision.ruleset import Ruleset


def digest(
    order: Order,
    network: Network,
    candidates: Candidates,
    *,
    ruleset: Ruleset,
    now: datetime,
    options: int,
    versions: Mapping[str, str],
) -> str:
    """Return ``sha256:…`` of the order, the candidates with all that is known of them, the ruleset and the versions."""
    told = orjson.dumps([order, now, options, versions, ruleset.digest], option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS)
    seen = hashlib.sha256(told)
    for field in fields(candidates):
        seen.update(np.ascontiguousarray(getattr(candidates, field.name)).tobytes())
    places = np.unique(candidates.location)
    for name in sorted(network.locations):
        column = network.locations[name][places]
        seen.update("\x1f".join(map(_written, column)).encode() if column.dtype == object else column.tobytes())
    for name in sorted(network.services):
        seen.update("\x1f".join(map(_written, network.services[name].tolist())).encode())
    return f"sha256:{seen.hexdigest()}"


def _written(cell: Any) -> str:
    """Return a cell as text; equal attributes, tags and hours are written alike, however they were put together."""
    if isinstance(cell, str):
        return cell
    return json.dumps(cell, sort_keys=True) if isinstance(cell, Mapping | list | tuple) else str(cell)
