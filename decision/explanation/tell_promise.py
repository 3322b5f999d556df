"""Promises in words: a sentence for each date, one for each way of delivery that has none, one for each change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from decision.decision import MissingLine
from decision.explanation.tell_missing import with_reason, with_rules_told
from decision.messages.catalogue import Catalogue, catalogue, in_language
from decision.promise import NotPromised, Promise
from decision.promised import KeptPromise, PromiseChange

#: Causes of which it is told for which lines.
_ABOUT_LINES: Final = ("no_stock", "nothing_travels", "no_plan")


def tell_promise(
    promise: Promise, currency: str, names: Mapping[str, str | None], language: str, now: datetime
) -> Promise:
    """Return ``promise``, made ``now``, with its sentence; ``names`` are those of locations, by their ids.

    Times are those of the destination. Raises ``KeyError`` for a language that has no catalogue.
    """
    words = catalogue(language)
    place = promise.collect_location_id
    level = promise.service_level
    text = words.say(
        "promised_home" if place is None else "promised_collect",
        day=words.date(promise.promised_on),
        clock=_clock(promise.promised_at, promise),
        place=place and (names.get(place) or place),
        level="" if level is None else words.say("promised_level", level=level),
        share=words.share_surely(promise.confidence),
        order_by=_order_by(promise, words, now),
        waits=""
        if promise.waits_until is None
        else words.say("once_come", day=words.date(_local(promise.waits_until, promise).date())),
        fee=_fee(promise, currency, words),
    )
    return replace(promise, text=text)


def tell_not_promised(none: NotPromised, names: Mapping[str, str | None], language: str) -> NotPromised:
    """Return ``none`` with its sentence. Raises ``KeyError`` for a language that has no catalogue."""
    words = catalogue(language)
    place, level = none.collect_location_id, none.service_level
    if place is not None:
        method = words.say(f"method_{none.delivery_method}")
        way = words.say("way_place", method=method, place=names.get(place) or place)
    elif none.delivery_method == "home":
        way = words.say("way_home") if level is None else words.say("way_level", level=level)
    else:
        way = words.say(f"method_{none.delivery_method}")
    written = {rule: in_language(texts, language) for rule, texts in none.reasons.items()}
    missing = tuple(with_reason(with_rules_told(line, written), none.delivery_method, words) for line in none.missing)
    if missing:
        said = words.say("not_promised_missing", way=way, reason=_against(missing, words))
    else:
        said = words.say("not_promised", way=way, reason=_cause(none, words))
    return replace(none, missing=missing, reason=said[:1].upper() + said[1:])


def _cause(none: NotPromised, words: Catalogue) -> str:
    told = {0: "", 1: "_line"}.get(len(none.line_ids), "_lines") if none.cause in _ABOUT_LINES else ""
    return words.say(f"cause_{none.cause}{told}", lines=words.listed(none.line_ids) if told else "")


def _against(missing: Sequence[MissingLine], words: Catalogue) -> str:
    """Return what stands against the lines; those of one reason are told together."""
    lines: dict[str, list[str]] = {}
    for line in missing:
        lines.setdefault(line.reason, []).append(line.line_id)
    return "; ".join(
        words.counted("against_lines", len(ids), lines=words.listed(ids), reason=reason)
        for reason, ids in lines.items()
    )


def tell_kept(kept: KeptPromise, words: Catalogue, zone: ZoneInfo) -> KeptPromise:
    """Return ``kept`` with a sentence for each thing that has changed, by the clock of the destination's ``zone``."""
    return replace(kept, changed=tuple(replace(change, text=_change(change, words, zone)) for change in kept.changed))


def tell_whether_kept(kept: KeptPromise, words: Catalogue, zone: ZoneInfo) -> Iterator[str]:
    """Yield sentences: whether the promise is kept, and what has changed where it is not, as `tell_kept` told it."""
    if kept.on_time is None:
        key = "promise_without_plan"
    else:  # no option is taken where stock is waited for
        key = f"promise_{'kept' if kept.kept else 'not_kept'}{'_once_come' if kept.rank is None else ''}"
    yield words.say(
        key,
        day=words.day(kept.promised_at - timedelta(seconds=1), zone),  # at home it ends with its day
        confidence=words.share_surely(kept.confidence),
        on_time="" if kept.on_time is None else words.share_surely(kept.on_time),
        rank=kept.rank,
    )
    yield from (change.text for change in kept.changed)


def _change(change: PromiseChange, words: Catalogue, zone: ZoneInfo) -> str:
    def told(name: str, value: str | int | float) -> str | int:
        if name == "until":
            return words.instant(datetime.fromisoformat(str(value)), zone)
        if name == "parts":
            return words.listed([words.say(f"part_{part}") for part in str(value).split(", ")])
        return words.number(100 * value, 1) + "%" if isinstance(value, float) else value

    return words.say(f"changed_{change.code}", **{name: told(name, value) for name, value in change.details.items()})


def _order_by(promise: Promise, words: Catalogue, now: datetime) -> str:
    if promise.cut_off_at is None:
        return ""
    local = _local(promise.cut_off_at, promise)
    today = local.date() == _local(now, promise).date()
    return words.say("order_by_today" if today else "order_by", day=words.date(local.date()), clock=f"{local:%H:%M}")


def _fee(promise: Promise, currency: str, words: Catalogue) -> str:
    if promise.fee is None:
        return words.say("fee_unknown")
    key = f"fee_{'money' if promise.fee else 'nothing'}_{'home' if promise.collect_location_id is None else 'collect'}"
    return words.say(key, money=words.money(promise.fee, currency))


def _clock(instant: datetime, promise: Promise) -> str:
    return f"{_local(instant, promise):%H:%M}"


def _local(instant: datetime, promise: Promise) -> datetime:
    return instant.astimezone(ZoneInfo(promise.timezone))
