"""A logged decision, made again from what was kept with it, and compared to the bit."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from decision.decide import decide
from decision.network import Network
from decision.rules.ruleset import Ruleset, compile_ruleset, default_ruleset
from serving.database.database import Database
from serving.database.decision_log import LoggedDecision, kept_places, logged_decision
from serving.database.ruleset_store import ruleset_document
from serving.decisions.inputs import read_capacity, read_order, read_places, read_stock
from serving.errors import ReplayError
from serving.state.learning import calibrated_as, learnt_up_to, version_learnt
from serving.state.served import ServedPredictor
from serving.wire.answer import answer_bytes

#: Differences that are told before the rest is only counted.
_TOLD: Final = 20
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Replayed:
    """``same``: the answer's bytes are those that were sent. ``differences``: what differs, as ``path: sent → now``."""

    same: bool
    differences: tuple[str, ...]


def find_decision(database: Database, decision_id: str) -> LoggedDecision:
    """Return a decision from the log. Raises `ReplayError` where it is not there."""
    logged = database.read_now(lambda connection: logged_decision(connection, decision_id))
    if logged is None:
        raise ReplayError(f"there is no decision {decision_id!r} in this database")
    return logged


def replay(database: Database, logged: LoggedDecision, predictor: ServedPredictor) -> Replayed:
    """Make a decision again. ``predictor``: the bundle as it was trained; what it had learnt by then, it learns again.

    Raises `ReplayError` where that cannot be done: nothing was kept, or another bundle than the one that decided.
    """
    if logged.bundle != predictor.version:
        raise ReplayError(
            f"decision {logged.decision_id} was made with bundle {logged.bundle}; this one is {predictor.version}"
        )
    if logged.places is None or logged.decided_order is None or logged.stock is None or logged.language is None:
        raise ReplayError(f"decision {logged.decision_id} is of before the log kept what decisions are made from")
    kept_under = logged.places
    content = database.read_now(lambda connection: kept_places(connection, kept_under))
    if content is None:
        raise ReplayError(f"the places of decision {logged.decision_id} are not kept here any more ({kept_under})")
    digest, locations, services = read_places(content)
    if logged.capacity is not None:
        locations = read_capacity(logged.capacity, locations)
    if logged.outcomes is not None:
        predictor = database.read_now(partial(learnt_up_to, predictor=predictor, last=logged.outcomes))
    if logged.calibration is not None:
        predictor = database.read_now(partial(calibrated_as, predictor=predictor, name=logged.calibration))
    again = decide(
        read_order(logged.decided_order),
        Network(locations, services, *read_stock(logged.stock)),
        _rulesets(database, logged.ruleset),
        predictor,
        logged.decided_at,
        options=logged.options or 1,
        language=logged.language,
        versions=version_learnt(predictor),
    )
    answer = answer_bytes(logged.decision_id, again)
    altered = [] if digest == kept_under else [f"places: kept under {kept_under}, their content is {digest}"]
    differing = _differences(orjson.loads(logged.answer), orjson.loads(answer)) if answer != logged.answer else ()
    differences = [*altered, *differing]
    more = [f"… and {len(differences) - _TOLD} more"] if len(differences) > _TOLD else []
    return Replayed(answer == logged.answer and not altered, (*differences[:_TOLD], *more))


def _rulesets(database: Database, applied: str) -> list[Ruleset]:
    """Return the ruleset that decided, or none where none applied. Raises `ReplayError` where it is gone."""
    if applied == "none":
        return []
    name, _, version = applied.rpartition("@")
    if version == default_ruleset().version:
        return [default_ruleset()]
    document = database.read_now(lambda connection: ruleset_document(connection, name, int(version)))
    if document is None:
        raise ReplayError(f"ruleset {applied} is not in this database")
    return [compile_ruleset(document, version)]


def _differences(sent: Any, now: Any, path: str = "") -> Iterator[str]:
    """Yield where two JSON values differ, as paths with both values."""
    if isinstance(sent, dict) and isinstance(now, dict):
        for name in [*sent, *(name for name in now if name not in sent)]:
            yield from _differences(sent.get(name, _ABSENT), now.get(name, _ABSENT), f"{path}.{name}".lstrip("."))
    elif isinstance(sent, list) and isinstance(now, list) and len(sent) == len(now):
        for at, (one, other) in enumerate(zip(sent, now, strict=True)):
            yield from _differences(one, other, f"{path}[{at}]")
    elif sent != now:
        yield f"{path}: {_shown(sent)} → {_shown(now)}"


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = orjson.dumps(value).decode()
    return text if len(text) <= 120 else f"{text[:119]}…"
