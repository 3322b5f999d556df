"""One day after the other: orders come in, locations are chosen, shelves are found full or empty."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import COLLECT
from data.synthetic.clock import CALENDARS, Clock
from data.synthetic.demand import METHODS
from data.synthetic.footfall import Footfall
from data.synthetic.jobs import Job
from data.synthetic.network import Network
from data.synthetic.policy import Policy
from data.synthetic.processing import Processing
from data.synthetic.stock import Records, Restatement, Restatements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PREPARED, SHORT, REJECTED, CANCELLED = range(4)
MOST_ATTEMPTS: Final = 4
CANCELLED_SHARE: Final = 0.008
#: Shares of the hours of work after which the location has said yes, has said no, and has found the shelf empty.
ACCEPTED_AFTER: Final = 0.1
REJECTED_AFTER: Final = 0.2
SHORT_AFTER: Final = 0.7
#: Median minutes, log-normal, from a failure to the next decision.
AGAIN_MINUTES: Final = 10.0
COLLECTING: Final = (METHODS.index("click_and_collect"), METHODS.index("reserve_and_collect"))
HOME: Final = METHODS.index("home")


@dataclass(slots=True)
class Attempt:
    """One attempt as the location lives it; ``ended`` is when it leaves the backlog. Hours since the first day."""

    job: Job
    location: int
    service: int
    decided: float
    propensity: float
    mu: float
    sigma: float
    rejection: float
    #: In the location's hands when decided, and visitors of the last full hour ÷ the usual (NaN while closed).
    backlog: int
    footfall_ratio: float
    line: Sequence[int]
    sku: Sequence[int]
    quantity: Sequence[int]
    taken: Sequence[int]
    #: Recorded and unpromised units beyond those asked, and days since the record was restated, when decided.
    spare: Sequence[int]
    days: Sequence[float]
    ending: int = PREPARED
    work_hours: float = math.nan
    ended: float = math.nan


@dataclass
class Day:
    """What one day leaves behind: the records restated in its first hour and, later, by pickers."""

    nightly: Restatements
    attempts: list[Attempt] = field(default_factory=list)
    alternatives: list[Attempt] = field(default_factory=list)
    picked: list[Restatement] = field(default_factory=list)


class History:
    """The state that one day hands to the next: backlogs, records, and what is still to happen."""

    def __init__(
        self,
        *,
        clock: Clock,
        network: Network,
        records: Records,
        footfall: Footfall,
        processing: Processing,
        policy: Policy,
        compared_every: int,
    ) -> None:
        """Begin with empty backlogs. Of every so many orders the alternatives are told."""
        self._clock = clock
        self._network = network
        self._records = records
        self._footfall = footfall
        self._processing = processing
        self._policy = policy
        self._compared_every = compared_every
        self._calendars = [CALENDARS[str(kind)] for kind in network.types]
        self._stores = network.of_type("store")
        self._backlog = np.zeros(len(network.ids), np.int64)
        self._events: list[tuple[float, int, Job | Attempt]] = []
        self._serial = 0
        self._footfall_ratio = np.full(len(network.ids), np.nan)
        self._log_footfall = np.zeros(len(network.ids))
        self._hour = -1
        self._visitors = np.full((len(self._stores), 1), np.nan)

    def play(self, day: int, jobs: list[tuple[float, Job]], visitors: FloatArray, rng: np.random.Generator) -> Day:
        """Play ``day``: new ``jobs`` with the hours at which they are decided, and ``visitors`` (stores, 24)."""
        left = Day(self._records.nightly(day * 24.0, rng) if day > 0 else self._records.first(rng))
        self._visitors = np.concatenate([self._visitors[:, -1:], visitors], axis=1)
        for at, job in jobs:
            self._push(at, job)
        while self._events and self._events[0][0] < (day + 1) * 24:
            at, _, what = heapq.heappop(self._events)
            if isinstance(what, Job):
                self._look_around(at, day)
                left.alternatives.extend(self._alternatives(what, at))
                left.attempts.extend(self._decide(what, at, rng))
            else:
                self._end(what, at, left, rng)
        return left

    def _push(self, at: float, what: Job | Attempt) -> None:
        self._serial += 1
        heapq.heappush(self._events, (at, self._serial, what))

    def _look_around(self, at: float, day: int) -> None:
        """Know the visitors of the last full hour."""
        hour = math.floor(at) - 1
        if hour != self._hour:
            self._hour = hour
            ratio = self._footfall.ratio(self._visitors[:, hour - day * 24 + 1], self._clock, hour)
            self._footfall_ratio[self._stores] = ratio
            self._log_footfall[self._stores] = np.log(np.clip(np.nan_to_num(ratio, nan=1.0), 0.2, 5.0))

    def _decide(self, job: Job, at: float, rng: np.random.Generator) -> list[Attempt]:
        """Choose locations until every line that anybody can send is on its way."""
        made: list[Attempt] = []
        line, sku, quantity = job.line, job.sku, job.quantity
        while line:
            choice = self._choose(job, sku, quantity, rng)
            if choice is None:
                break
            location, service, propensity, covered = choice
            mine = (_those(line, covered), _those(sku, covered), _those(quantity, covered))
            made.append(self._attempt(job, (location, service, propensity), at, mine, rng))
            if all(covered):
                break
            others = [not covers for covers in covered]
            line, sku, quantity = _those(line, others), _those(sku, others), _those(quantity, others)
        for attempt in made:
            self._backlog[attempt.location] += 1
            self._push(attempt.ended, attempt)
        return made

    def _choose(
        self, job: Job, sku: Sequence[int], quantity: Sequence[int], rng: np.random.Generator
    ) -> tuple[int, int, float, list[bool]] | None:
        """Of the candidates that cover most lines, one by chance: location, service, propensity, lines covered."""
        here = job.method in COLLECTING and job.collect not in job.failed
        if here and min(self._records.spare(job.collect, sku, quantity)) >= 0:
            return job.collect, COLLECT, 1.0, [True] * len(sku)
        units = [self._records.unpromised(item, job.location) for item in sku]
        covers = [there >= asked for there, asked in zip(units, quantity, strict=True)]
        lines = np.asarray(sum(covers))
        for location in job.failed:
            lines[job.location == location] = 0
        most = lines[lines.argmax()] if len(lines) else 0
        if most == 0:
            return None
        standing = (lines == most).nonzero()[0]
        last = reduce(np.logical_or, [there == asked for there, asked in zip(units, quantity, strict=True)])
        chosen, propensity = self._policy.choose(
            job.location[standing], job.score[standing], last=last[standing], backlog=self._backlog, rng=rng
        )
        pair = standing[chosen]
        return job.location.item(pair), job.service.item(pair), propensity, [covered.item(pair) for covered in covers]

    def _alternatives(self, job: Job, at: float) -> list[Attempt]:
        """Each way to send a whole order home at once, of those orders of which it is told."""
        if job.method != HOME or job.attempts or job.order % self._compared_every:
            return []
        lines = (job.line, job.sku, job.quantity)
        return [
            self._considered(job, (location, service, math.nan), at, lines)
            for location, service in zip(job.location.tolist(), job.service.tolist(), strict=True)
            if min(self._records.spare(location, job.sku, job.quantity)) >= 0
        ]

    def _considered(
        self,
        job: Job,
        chosen: tuple[int, int, float],
        at: float,
        lines: tuple[Sequence[int], Sequence[int], Sequence[int]],
    ) -> Attempt:
        """An attempt as it stands before anything of it is left to chance."""
        (location, service, propensity), (line, sku, quantity) = chosen, lines
        backlog, crowd = self._backlog.item(location), self._log_footfall.item(location)
        units, collected = sum(quantity), float(service == COLLECT)
        mu, sigma = self._processing.hours(location, at, backlog, crowd, units=units, lines=len(sku), collect=collected)
        return Attempt(
            job=job,
            location=location,
            service=service,
            decided=at,
            propensity=propensity,
            mu=mu,
            sigma=sigma,
            rejection=self._processing.rejection(location, backlog, crowd),
            backlog=backlog,
            footfall_ratio=self._footfall_ratio.item(location),
            line=line,
            sku=sku,
            quantity=quantity,
            taken=quantity,
            spare=self._records.spare(location, sku, quantity),
            days=self._records.days(location, sku, at),
        )

    def _attempt(
        self,
        job: Job,
        chosen: tuple[int, int, float],
        at: float,
        lines: tuple[Sequence[int], Sequence[int], Sequence[int]],
        rng: np.random.Generator,
    ) -> Attempt:
        attempt = self._considered(job, chosen, at, lines)
        attempt.taken = self._records.ask(attempt.location, attempt.sku, attempt.quantity, at, rng)
        attempt.work_hours = math.exp(attempt.mu + attempt.sigma * rng.standard_normal())
        share = 1.0
        if rng.random() < attempt.rejection:
            attempt.ending, share = REJECTED, REJECTED_AFTER
        elif sum(attempt.taken) < sum(attempt.quantity):
            attempt.ending, share = SHORT, SHORT_AFTER
        elif rng.random() < CANCELLED_SHARE:
            attempt.ending, share = CANCELLED, rng.random()
        attempt.ended = self._clock.done(at, self._calendars[attempt.location], share * attempt.work_hours)
        return attempt

    def _end(self, attempt: Attempt, at: float, left: Day, rng: np.random.Generator) -> None:
        """The attempt leaves the backlog; what failed is decided again."""
        self._backlog[attempt.location] -= 1
        place = (attempt.location, attempt.sku, attempt.quantity)
        if attempt.ending in (REJECTED, CANCELLED):
            self._records.release(*place)
        else:
            gone = attempt.taken if attempt.ending == PREPARED else [0] * len(attempt.taken)
            left.picked.extend(self._records.picked(*place, taken=gone, at=at, rng=rng))
        if attempt.ending in (REJECTED, SHORT) and attempt.job.attempts + 1 < MOST_ATTEMPTS:
            again = at + AGAIN_MINUTES / 60 * math.exp(0.5 * rng.standard_normal())
            self._push(again, _rest(attempt))


def _rest(attempt: Attempt) -> Job:
    """What a failed attempt leaves to be sent, from anywhere but where it failed."""
    job = attempt.job
    return replace(
        job,
        line=attempt.line,
        sku=attempt.sku,
        quantity=attempt.quantity,
        attempts=job.attempts + 1,
        failed=job.failed | {attempt.location},
    )


def _those(column: Sequence[int], which: list[bool]) -> tuple[int, ...]:
    return tuple(compress(column, which))
