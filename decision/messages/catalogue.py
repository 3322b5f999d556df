"""Sentences, numbers and dates as a language writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import yaml

#: ISO 639-1.
Language: TypeAlias = Literal["en", "it"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "it")


@dataclass(frozen=True)
class Catalogue:
    """One language. ``texts``: templates with ``{placeholders}``, by their keys."""

    texts: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """Return the text of ``key`` with its placeholders filled in."""
        return self.texts[key].format_map(values)

    def counted(self, key: str, count: int, **values: object) -> str:
        """Return the text of ``key`` for so many: that of ``key_1`` for one."""
        return self.say(f"{key}_1" if count == 1 else key, count=count, **values)

    def number(self, value: float, decimals: int) -> str:
        """Return a number with so many decimals: "11.42", "11,42"."""
        return f"{value:.{decimals}f}".replace(".", self.texts["decimal_sign"])

    def figure(self, value: float) -> str:
        """Return a number with the decimals that it has: "30", "0.5", "0,5"."""
        return f"{value:.9f}".rstrip("0").rstrip(".").replace(".", self.texts["decimal_sign"])

    def money(self, value: float, currency: str = "") -> str:
        """Return money with its currency, if it is to be named: "11.42 EUR"."""
        return f"{self.number(value, 2)} {currency}".rstrip()

    def share(self, value: float) -> str:
        """Return a probability in whole percent."""
        return f"{value:.0%}"

    def share_surely(self, value: float) -> str:
        """Return a probability in whole percent that are not more than it is: nothing told is surer than it is."""
        return f"{int(100 * value + 1e-9)}%"

    def day(self, instant: datetime, zone: ZoneInfo) -> str:
        """Return the day of an instant by the clocks of a zone: "Wed 4 Mar", "mer 4 mar"."""
        return self.date(instant.astimezone(zone).date())

    def instant(self, instant: datetime, zone: ZoneInfo) -> str:
        """Return an instant by the clocks of a zone: "Wed 4 Mar at 17:00", "mer 4 mar alle 17:00"."""
        return self.say("instant", day=self.day(instant, zone), clock=f"{instant.astimezone(zone):%H:%M}")

    def date(self, day: date) -> str:
        """Return a date: "Wed 4 Mar", "mer 4 mar"."""
        weekday = self.texts["weekdays"].split()[day.weekday()]
        return f"{weekday} {day.day} {self.texts['months'].split()[day.month - 1]}"

    def listed(self, parts: Sequence[str]) -> str:
        """Return "one, another and a third"."""
        return self.texts["and"].join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text written in ``language``, else the first of `LANGUAGES` in which it is written."""
    return next(texts[one] for one in (language, *LANGUAGES) if one in texts)


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of one of `LANGUAGES`. Raises ``KeyError`` for any other."""
    if language not in LANGUAGES:
        raise KeyError(f"no messages in {language!r}: choose {' or '.join(LANGUAGES)}")
    text = files("decision").joinpath(f"messages/{language}.yaml").read_text(encoding="utf-8")
    return Catalogue(yaml.safe_load(text))
