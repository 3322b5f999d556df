"""Trailing statistics: decayed means of what was known before an instant, by one update rule.

The decay is *forward* (Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009): an observation known at
``t`` enters two plain sums, of weights and of weighted values, with weight ``2^((t - landmark) / half-life)``. The mean
at a later instant is their ratio, which needs no further decay. An update is thus one addition per sum, the same
addition whether a history is replayed in bulk or an outcome arrives in service, and both give the same bits.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.coded import Coded, coded, joined
from features.facts import Columns, TextColumn
from features.places import SEPARATOR, join_keys

FloatArray = NDArray[np.float64]

DAY_SECONDS = 86_400.0
#: Keys put together that may be looked up for nothing, for each row.
_SPARSE = 2
#: Numbers of states, none of which comes again.
_EDITIONS: Final = count(1)
#: Nothing was observed under a key's first part.
_NONE: Mapping[str, int] = {}


@dataclass(frozen=True)
class Statistic:
    """One trailing mean, over several half-lives.

    A key seen rarely is drawn towards the mean of ``shrink_to`` (another statistic, with the same half-lives), as if
    ``strength`` observations of that mean had been made when the measure was last heard of. While nothing is heard,
    nothing is forgotten: silence makes no two places alike.
    """

    name: str
    measure: str
    key: tuple[str, ...]
    half_lives_days: tuple[float, ...]
    shrink_to: str | None = None
    strength: float = 0.0

    def __post_init__(self) -> None:
        """Decay and shrinkage make sense only with positive half-lives and a non-negative strength."""
        if min(self.half_lives_days) <= 0 or self.strength < 0:
            raise ValueError(f"{self.name}: half-lives must be positive and strength at least 0")

    def keys(self, columns: Columns) -> TextColumn:
        """The key of each row of ``columns``."""
        return self.coded_keys(columns).column()

    def coded_keys(self, columns: Columns) -> Coded:
        """The key of each row of ``columns``, as positions in the distinct keys."""
        if not self.key:
            return Coded(np.array([""], dtype=object), np.zeros(len(next(iter(columns.values()))), dtype=np.intp))
        return joined(columns, self.key, join_keys)

    def column(self, half_life_days: float) -> str:
        """Name of the feature: ``<name>_<half-life>d``."""
        return f"{self.name}_{half_life_days:g}d"


@dataclass(frozen=True, eq=False)
class Observations:
    """Values of one measure, each with the instant (seconds) at which it became known, in the order of that instant.

    ``columns`` are the facts of the attempts they were made on; a value counts ``weight`` times.
    """

    known_at: FloatArray
    value: FloatArray
    weight: FloatArray
    columns: Columns

    def __len__(self) -> int:
        """How many values."""
        return len(self.known_at)


def growth(instants: FloatArray, half_life_days: float, landmark: float) -> FloatArray:
    """Weight of an observation known at each of ``instants`` (seconds), relative to one known at the landmark."""
    return np.exp2((np.asarray(instants) - landmark) / (half_life_days * DAY_SECONDS))


def contributions(statistic: Statistic, observed: Observations, landmark: float) -> FloatArray:
    """What each observation adds to its key's sums; shape (observations, half-lives, 2): weight and weighted value."""
    weights = np.stack(
        [growth(observed.known_at, days, landmark) * observed.weight for days in statistic.half_lives_days], axis=1
    )
    return np.stack([weights, weights * observed.value[:, None]], axis=2)


def sums_as_of(
    statistic: Statistic, observed: Observations, keys: TextColumn, instants: FloatArray, landmark: float
) -> FloatArray:
    """The sums of each key as they stood just before each instant; shape (rows, half-lives, 2).

    An observation known at the very instant is not known before it. Observations with equal instants are added in
    their given order, as `TrailingSums.observe` does.
    """
    shape = (len(instants), len(statistic.half_lives_days), 2)
    if not len(observed):
        return np.zeros(shape)
    observed_keys = statistic.keys(observed.columns)
    names, codes = np.unique(np.concatenate([observed_keys, keys]).astype(str), return_inverse=True)
    observed_codes, row_codes = codes[: len(observed)], codes[len(observed) :]
    order = np.lexsort((observed.known_at, observed_codes))
    sorted_codes, sorted_instants = observed_codes[order], observed.known_at[order]
    running = contributions(statistic, observed, landmark)[order]
    ends = np.searchsorted(sorted_codes, np.arange(len(names)), side="right")
    starts = np.concatenate([[0], ends[:-1]])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        np.add.accumulate(running[start:end], axis=0, out=running[start:end])
    last = _last_before(sorted_instants, starts[row_codes], ends[row_codes], np.asarray(instants))
    return np.where((last >= starts[row_codes])[:, None, None], running[np.maximum(last, 0)], 0.0)


def heard_before(observed: Observations, instants: FloatArray) -> FloatArray:
    """When the last observation before each of ``instants`` became known, seconds; NaN where there was none."""
    last = np.searchsorted(observed.known_at, instants, side="left") - 1
    return np.append(observed.known_at, np.nan)[last]


def _last_before(
    instants: FloatArray, starts: NDArray[np.intp], ends: NDArray[np.intp], before: FloatArray
) -> NDArray[np.intp]:
    """Position of the last of ``instants[start:end]`` that is earlier, by bisection over all rows at once."""
    low, high = starts.copy(), ends.copy()
    while np.any(low < high):
        open_ = low < high
        middle = (low + high) // 2
        earlier = np.zeros(len(low), dtype=bool)
        earlier[open_] = instants[middle[open_]] < before[open_]
        low = np.where(open_ & earlier, middle + 1, low)
        high = np.where(open_ & ~earlier, middle, high)
    return low - 1


def means(
    statistics: Sequence[Statistic],
    sums: Mapping[str, FloatArray],
    heard_at: Mapping[str, FloatArray],
    landmark: float,
) -> dict[str, FloatArray]:
    """The trailing means as columns, by `Statistic.column`; ``NaN`` where nothing is known at any level.

    ``sums`` has one array of shape (rows, half-lives, 2) per statistic, ``heard_at`` the instants (seconds) at which
    each measure was last heard of, of shape (rows,). A statistic comes after the one it shrinks to.
    """
    found: dict[str, FloatArray] = {}
    columns: dict[str, FloatArray] = {}
    for statistic in statistics:
        towards = None if statistic.shrink_to is None else found[statistic.shrink_to]
        heard = heard_at.get(statistic.measure, np.array([np.nan]))
        prior = prior_weight(statistic, heard, landmark)
        mean = found[statistic.name] = mean_of(sums[statistic.name], towards, prior)
        for position, days in enumerate(statistic.half_lives_days):
            columns[statistic.column(days)] = np.ascontiguousarray(mean[:, position])
    return columns


def prior_weight(statistic: Statistic, heard_at: FloatArray, landmark: float) -> FloatArray:
    """The weight of the mean that a statistic shrinks to, shape (rows, half-lives).

    ``heard_at``: when its measure was last heard of, seconds, (rows,) or (1,) where that is the same for all.
    """
    grown = [growth(heard_at, days, landmark) for days in statistic.half_lives_days]
    return statistic.strength * np.stack(grown, axis=-1)


def mean_of(sums: FloatArray, towards: FloatArray | None, prior: FloatArray) -> FloatArray:
    """The trailing means of one statistic, shape (rows, half-lives); ``NaN`` where nothing is known at any level.

    ``sums`` (rows, half-lives, 2); ``towards`` (rows, half-lives): the means it shrinks to, if it does, with the weight
    ``prior``.
    """
    weight, weighted = sums[..., 0], sums[..., 1]
    if towards is not None:
        known = ~np.isnan(towards)
        if known.all():
            weighted, weight = weighted + prior * towards, weight + prior
        else:
            weighted = weighted + np.where(known, prior * np.where(known, towards, 0.0), 0.0)
            weight = weight + np.where(known, prior, 0.0)
    told = weight > 0
    if told.all():
        return np.asarray(weighted / weight)
    return np.asarray(np.divide(weighted, weight, out=np.full(weight.shape, np.nan), where=told))


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
        #: Statistic → edition, and the weight of its prior then.
        self._priors: dict[str, tuple[int, FloatArray]] = {}

    def observe(self, measure: str, observed: Observations) -> None:
        """Add observations of ``measure``, in their order, which the bits of the sums depend on.

        The last of them counts as the last that was heard: a history adds them as they became known, a service as they
        were told to it.
        """
        self.edition = next(_EDITIONS)
        if len(observed):
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
        other._count, other._heard_at, other._priors = dict(self._count), dict(self._heard_at), {}
        for measure, observed in told:
            other.observe(measure, observed)
        return other

    def as_of_now(self, columns: Columns, statistics: Sequence[Statistic]) -> dict[str, FloatArray]:
        """The sums of ``statistics`` for each row of ``columns``, as `means` takes them."""
        return {statistic.name: self.sums_at(statistic, self.found(statistic, columns)) for statistic in statistics}

    def sums_at(self, statistic: Statistic, found: NDArray[np.intp]) -> FloatArray:
        """The sums of ``statistic`` where its keys were `found`."""
        return np.asarray(self._sums[statistic.name][found])

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
        if known is None or known[0] != self.edition:
            heard_at = np.array([self._heard_at[statistic.measure]])
            known = self._priors[statistic.name] = self.edition, prior_weight(statistic, heard_at, self.landmark)
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
