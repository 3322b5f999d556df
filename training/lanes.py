"""Orders as they might be: the facts from which a bundle's most cautious predictions are read (`prediction.lanes`).

The attempts of the window are one draw of what can be asked. So what they were made of is mixed: where it lay, how it
would travel, where it goes, what it is, how busy the place is, when it is asked; and some of it is not told.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.facts import FACTS, Columns
from features.history import History
from features.trailing import DAY_SECONDS

ROWS: Final = 20_000
#: Attempts that they are mixed from: the youngest.
_ATTEMPTS: Final = 50_000
_NOT_TOLD: Final = 0.02
#: However rare, each of them is drawn as often as any other.
_EVENLY: Final = {"location_type", "carrier_service_id"}
_PLACE: Final = {
    *("location_id", "location_type", "location_country", "location_region", "location_postal_code"),
    *("location_latitude", "location_longitude", "location_timezone", "capacity_per_day"),
}
_SERVICE: Final = {"carrier_service_id", "carrier", "service_level"}
_DESTINATION: Final = {fact.name for fact in FACTS if fact.name.startswith("destination_")}
_BUSY: Final = ({"backlog"}, {"footfall_ratio"})
_ASKED: Final = ({"channel", "payment_method"}, {"delivery_method"})


def possible_facts(history: History, as_of: float, seed: int) -> Columns:
    """Return facts of the last attempts decided before ``as_of`` (seconds), as they were and mixed.

    They are decided at any time of the year that begins then, before its holidays too.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(history.attempts.decided_at < as_of)[-_ATTEMPTS:]
    together = [_PLACE, _SERVICE, _DESTINATION, *_BUSY, *_ASKED]
    contents = {fact.name for fact in FACTS} - set().union(*together) - {"decided_at"}
    as_they_were = rng.choice(known, ROWS // 2)
    rows: dict[str, NDArray[np.intp]] = {}
    for names in (*together, contents):
        others = rng.choice(known, ROWS - len(as_they_were), p=_evenly(history, known, names & _EVENLY))
        rows |= dict.fromkeys(names, np.concatenate([as_they_were, others]))
    facts = {name: history.attempts.columns[name][at] for name, at in rows.items()}
    for fact in FACTS:
        if not fact.is_text and fact.name != "decided_at":
            facts[fact.name] = np.where(rng.random(ROWS) < _NOT_TOLD, np.nan, facts[fact.name])
    return {**facts, "decided_at": as_of + rng.uniform(0.0, 365 * DAY_SECONDS, ROWS)}


def _evenly(history: History, known: NDArray[np.intp], names: set[str]) -> NDArray[np.float64] | None:
    """Return the probability of each row at which all texts of the column are as likely; ``None`` without one."""
    for name in names:
        _, which, count = np.unique(
            history.attempts.columns[name][known].astype(str), return_inverse=True, return_counts=True
        )
        return np.asarray(1.0 / (count[which] * len(count)))
    return None
