"""Trailing statistics: decayed means of what was known before an instant, by one update rule.

The decay is *forward* (Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009): an observation known at
``t`` enters two plain sums, of weights and of weighted values, with weight ``2^((t - landmark) / half-life)``. The mean
at a later instant is their ratio, which needs no further decay. An update is thus one addition per sum, the same
addition whether a history is replayed in bulk or an outcome arrives in service, and both give the same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.coded import Coded, joined
from features.facts import Columns, FloatArray, TextColumn
from features.places import join_keys

DAY_SECONDS = 86_400.0


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
