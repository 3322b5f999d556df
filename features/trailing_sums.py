"""The sums of every trailing statistic as of now: what a service holds, and what each outcome moves."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.coded import coded, joined
from features.facts import Columns, FloatArray
from features.places import SEPARATOR, join_keys
from features.trailing import Observations, Statistic, contributions, prior_weight

#: Keys put together that may be looked up for nothing, for each row.
_SPARSE = 2
#: Numbers of states, none of which comes again.
_EDITIONS: Final = count(1)
#: Nothing was observed under a key's first part.
_NONE: Mapping[str, int] = {}


class TrailingSums:
    """The sums of every statistic as of now: what a service holds and updates with each outcome."""

    def __init__(self, statistics: Sequence[Statistic], landmark: float) -> None:
        """Start with nothing observed. ``landmark`` (seconds since 1970) must be the one of the history replayed."""
        self.statistics = tuple(statistics)
        self.landmark = landmark
        #: Names the state: 0 as it was made or read, then a number that no other state has.
        self.edition = 0
        #: What the key is made of → first part of the key (of several) → the rest of it → row of the sums.
        self._positions: dict[tuple[str, ...], dict[str, dict[str, int]]] = {s.key: {} for s in statistics}
        self._sums = {statistic.name: _no_sums(statistic) for statistic in statistics}
        self._count = {statistic.key: 0 for statistic in statistics}
        self._heard_at = {statistic.measure: np.nan for statistic in statistics}
        #: Statistic → when its measure was heard of, and the weight of its prior then.
        self._priors: dict[str, tuple[float, FloatArray]] = {}

    def observe(self, measure: str, observed: Observations) -> None:
        """Add observations of ``measure``, in their order, which the bits of the sums depend on.

        The last of them counts as the last that was heard: a history adds them as they became known, a service as they
        were told to it. Of a measure that no statistic is a mean of, nothing is kept.
        """
        self.edition = next(_EDITIONS)
        if len(observed) and measure in self._heard_at:
            self._heard_at[measure] = float(observed.known_at[-1])
        for statistic in self.statistics:
            if statistic.measure == measure:
                # All positions first: making room for a new key replaces the array.
                positions = [self._position(statistic.key, key) for key in statistic.keys(observed.columns).tolist()]
                added = contributions(statistic, observed, self.landmark)
                # One row after the other, as `sums_as_of` does: a sum's bits depend on the order.
                np.add.at(self._sums[statistic.name], np.array(positions, dtype=np.intp), added)

    def after(self, told: Iterable[tuple[str, Observations]]) -> "TrailingSums":
        """The state after further observations, each of one measure; this one stays as it is."""
        other = copy(self)
        other._positions = {
            parts: {first: dict(under) for first, under in keys.items()} for parts, keys in self._positions.items()
        }
        other._sums = {name: sums.copy() for name, sums in self._sums.items()}
        other._count, other._heard_at, other._priors = dict(self._count), dict(self._heard_at), dict(self._priors)
        for measure, observed in told:
            other.observe(measure, observed)
        return other

    def as_of_now(self, columns: Columns, statistics: Sequence[Statistic]) -> dict[str, FloatArray]:
        """The sums of ``statistics`` for each row of ``columns``, as `means` takes them."""
        return {statistic.name: self.sums_at(statistic, self.found(statistic, columns)) for statistic in statistics}

    def sums_at(self, statistic: Statistic, found: NDArray[np.intp]) -> FloatArray:
        """The sums of ``statistic`` where its keys were `found`."""
        return self._sums[statistic.name].take(found, axis=0)

    def found(self, statistic: Statistic, columns: Columns) -> NDArray[np.intp]:
        """Where the sums of each row's key are: the same place for all statistics of such keys.

        The last of the sums are never added to: −1 stands for keys that were not seen.
        """
        positions = self._positions[statistic.key]
        if len(statistic.key) < 2:
            texts = coded(columns, statistic.key[0]) if statistic.key else statistic.coded_keys(columns)
            under = positions.get("", _NONE)
            return np.array([under.get(text or "", -1) for text in texts.values.tolist()], np.intp)[texts.codes]
        firsts = coded(columns, statistic.key[0])
        others = (
            joined(columns, statistic.key[1:], join_keys)
            if len(statistic.key) > 2
            else coded(columns, statistic.key[1])
        )
        if len(firsts.values) * len(others.values) <= _SPARSE * len(firsts.codes):
            # A few skus at many places: the keys are put together of both, not of every row's texts.
            place = others.index
            found = np.full((len(firsts.values), len(others.values)), -1, np.intp)
            for text, row in zip(firsts.values.tolist(), found, strict=True):
                under = positions.get(text or "", _NONE)
                seen = [*(place.keys() & under.keys())]  # goes through the fewer of the two
                row[[place[key] for key in seen]] = [under[key] for key in seen]
            if len(place) < len(others.values):  # of a text that stands there twice, one was found
                found = found[:, [place[text or ""] for text in others.values.tolist()]]
            return np.asarray(found[firsts.codes, others.codes])
        keys = statistic.coded_keys(columns)
        parted = [_parted(statistic.key, key) for key in keys.values.tolist()]
        rows = np.array([positions.get(first, _NONE).get(rest, -1) for first, rest in parted], np.intp)
        return np.asarray(rows[keys.codes])

    def prior_now(self, statistic: Statistic) -> FloatArray:
        """What `prior_weight` is as of now, (1, half-lives)."""
        known = self._priors.get(statistic.name)
        heard_at = self._heard_at[statistic.measure]
        if known is None or not (known[0] == heard_at or np.isnan(heard_at)):
            weight = prior_weight(statistic, np.array([heard_at]), self.landmark)
            known = self._priors[statistic.name] = heard_at, weight
        return known[1]

    def heard_at(self, rows: int) -> dict[str, FloatArray]:
        """When each measure was last heard of, for so many rows, as `means` takes it."""
        return {measure: np.full(rows, instant) for measure, instant in self._heard_at.items()}

    def to_arrays(self) -> dict[str, NDArray[np.str_] | FloatArray]:
        """The whole state as arrays without objects: ``<statistic>.keys`` and ``.sums``, ``<measure>.heard_at``."""
        arrays: dict[str, NDArray[np.str_] | FloatArray] = {
            f"{measure}.heard_at": np.array([instant]) for measure, instant in self._heard_at.items()
        }
        for statistic in self.statistics:
            positions, sums = self._positions[statistic.key], self._sums[statistic.name]
            told = (sums != 0).any(axis=(1, 2))  # of a key that only another statistic has seen there are none
            rows = {
                first + SEPARATOR + rest if len(statistic.key) > 1 else rest: row
                for first, under in positions.items()
                for rest, row in under.items()
                if told[row]
            }
            keys = sorted(rows)
            arrays[f"{statistic.name}.keys"] = np.array(keys, dtype=np.str_)
            arrays[f"{statistic.name}.sums"] = sums[[rows[key] for key in keys]]
        return arrays

    @classmethod
    def from_arrays(
        cls, statistics: Sequence[Statistic], landmark: float, arrays: Mapping[str, NDArray[np.str_] | FloatArray]
    ) -> "TrailingSums":
        """The state that `to_arrays` wrote. Raises ``KeyError`` when a statistic is not in it."""
        state = cls(statistics, landmark)
        for statistic in statistics:
            positions = [state._position(statistic.key, key) for key in arrays[f"{statistic.name}.keys"].tolist()]
            state._sums[statistic.name][positions] = arrays[f"{statistic.name}.sums"]
            state._heard_at[statistic.measure] = float(np.asarray(arrays[f"{statistic.measure}.heard_at"])[0])
        return state

    def _position(self, parts: tuple[str, ...], key: str) -> int:
        first, rest = _parted(parts, key)
        under = self._positions[parts].setdefault(first, {})
        if rest not in under:
            under[rest] = self._count[parts]
            self._count[parts] += 1
            for statistic in self.statistics:
                if statistic.key == parts and self._count[parts] >= len(self._sums[statistic.name]):
                    sums = self._sums[statistic.name]
                    self._sums[statistic.name] = np.concatenate([sums, np.zeros_like(sums)])
        return under[rest]


def _parted(parts: tuple[str, ...], key: str) -> tuple[str, str]:
    """The first part of a key of several, or nothing, and the rest of it."""
    if len(parts) < 2:
        return "", key
    first, _, rest = key.partition(SEPARATOR)
    return first, rest


def _no_sums(statistic: Statistic) -> FloatArray:
    return np.zeros((1, len(statistic.half_lives_days), 2))
