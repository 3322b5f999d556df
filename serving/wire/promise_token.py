"""The token of a promise: what was told, in one string that an order brings back.

It is JSON in URL-safe base64, opened by a checksum. It proves nothing but that it came unharmed: whoever may place
orders may also write any `promised_at` into them.
"""

import base64
import binascii
import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from decision.explanation.fingerprints import calendar_fingerprint, fingerprints
from decision.network import Network
from decision.order import Order
from decision.promise import Promise
from decision.promised import Promised, PromisedUnits
from serving.errors import wrong_field

_PROMISED: Final = TypeAdapter(Promised)
_CHECKED: Final = 8
#: Characters; of sixty lines, each split over places with long names.
LONGEST: Final = 60_000
#: Of one sku in a parcel: sixty lines of the most that may be asked for.
MOST_UNITS: Final = 6_000_000


#: Dates are worked out day by day: nobody is promised one of another century.
_YEARS: Final = range(1970, 2100)


def promised(promise: Promise, order: Order, network: Network) -> Promised:
    """What is told by ``promise``, made for ``order`` in ``network``, as an order carries it."""
    return Promised(
        promise.promised_at,
        promise.confidence,
        promise.delivery_method,
        promise.service_level,
        promise.collect_location_id,
        promise.valid_until,
        promise.cut_off_at,
        promise.waits_until,
        promise.ruleset,
        promise.bundle,
        tuple(
            PromisedUnits(shipment.location_id, shipment.carrier_service_id, line.sku, line.quantity, calendar)
            for shipment in promise.shipments
            for calendar in (
                calendar_fingerprint(
                    network, (shipment.location_id, promise.collect_location_id), shipment.carrier_service_id
                ),
            )
            for line in shipment.lines
        ),
        fingerprints(order),
    )


def token_of(told: Promised) -> str:
    """The token."""
    content = orjson.dumps(asdict(told), option=orjson.OPT_UTC_Z)
    return base64.urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")


def read_token(token: str) -> Promised:
    """What `token_of` wrote. Raises `InvalidRequestError` for anything else."""
    try:
        written = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if _checksum(written[_CHECKED:]) == written[:_CHECKED]:
            told = read_promised(written[_CHECKED:])
            if _could_be(told):
                return told
    except (binascii.Error, ValueError, ValidationError):
        pass
    raise wrong_field("promise", "is no token of a promise: send the token of POST /v1/promises as it was answered")


def _could_be(told: Promised) -> bool:
    """Whether it could have been told: whoever writes a token himself may write anything into it."""
    instants = (told.promised_at, told.valid_until, told.cut_off_at, told.waits_until)
    return (
        all(_is_sensible(instant) for instant in instants if instant is not None)
        and 0 <= told.confidence <= 1
        and all(0 < units.units <= MOST_UNITS for units in told.units)
    )


def _is_sensible(instant: datetime) -> bool:
    return instant.tzinfo is not None and instant.year in _YEARS


def read_promised(content: bytes) -> Promised:
    """What was told, from its JSON."""
    return _PROMISED.validate_json(content)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKED]
