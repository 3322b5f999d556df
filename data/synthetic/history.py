"""One day after the other: orders come in, locations are chosen, shelves are found full or empty."""

import heapq
import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import COLLECT
from data.synthetic.clock import CALENDARS, Clock
from data.synthetic.demand import METHODS, Orders
from data.synthetic.footfall import Footfall
from data.synthetic.network import Network
from data.synthetic.policy import Candidates, Destinations, Policy
from data.synthetic.processing import Processing
from data.synthetic.stock import Records, Restatements

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
class Job:
    """What is still to be sent of one order: its lines, its candidates and the locations that have failed it."""

    order: int
    method: int
    place: int
    latitude: float
    longitude: float
    collect: int
    line: IntArray
    sku: IntArray
    quantity: IntArray
    location: IntArray
    service: IntArray
    score: FloatArray
    attempts: int = 0
    failed: frozenset[int] = frozenset()


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
    line: IntArray
    sku: IntArray
    quantity: IntArray
    taken: IntArray
    #: Recorded and unpromised units beyond those asked, and days since the record was restated, when decided.
    spare: IntArray
    days: FloatArray
    ending: int = PREPARED
    accepted: float = math.nan
    ended: float = math.nan


@dataclass
class Day:
    """What one day leaves behind."""

    attempts: list[Attempt] = field(default_factory=list)
    alternatives: list[Attempt] = field(default_factory=list)
    restatements: list[Restatements] = field(default_factory=list)


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
        left = Day()
        if day > 0:
            left.restatements.append(self._records.nightly(day * 24.0, rng))
        else:
            left.restatements.append(self._records.first(rng))
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
        while len(line):
            choice = self._choose(job, sku, quantity, rng)
            if choice is None:
                break
            location, service, propensity, covered = choice
            mine = (line[covered], sku[covered], quantity[covered])
            made.append(self._attempt(job, (location, service, propensity), at, mine, rng))
            line, sku, quantity = line[~covered], sku[~covered], quantity[~covered]
        for attempt in made:
            self._backlog[attempt.location] += 1
            self._push(attempt.ended, attempt)
        return made

    def _choose(
        self, job: Job, sku: IntArray, quantity: IntArray, rng: np.random.Generator
    ) -> tuple[int, int, float, NDArray[np.bool_]] | None:
        """Of the candidates that cover most lines, one by chance: location, service, propensity, lines covered."""
        there = job.method in COLLECTING and job.collect not in job.failed
        if there and self._spare(job.collect, sku, quantity).min() >= 0:
            return job.collect, COLLECT, 1.0, np.ones(len(sku), bool)
        spare = self._spare(job.location[:, None], sku, quantity)
        covers = spare >= 0
        lines = np.where(np.isfinite(job.score), covers.sum(axis=1), 0)
        for location in job.failed:
            lines[job.location == location] = 0
        most = lines.max(initial=0)
        if most == 0:
            return None
        standing = np.flatnonzero(lines == most)
        fewest = np.where(covers, spare, 1 << 30)[standing].min(axis=1)
        chosen, propensity = self._policy.choose(
            job.location[standing], job.score[standing], spare=fewest, backlog=self._backlog, rng=rng
        )
        pair = standing[chosen]
        return int(job.location[pair]), int(job.service[pair]), propensity, covers[pair]

    def _spare(self, location: IntArray | int, sku: IntArray, quantity: IntArray) -> IntArray:
        """Recorded and unpromised units beyond those asked."""
        return np.asarray(self._records.on_hand[location, sku] - self._records.pending[location, sku] - quantity)

    def _alternatives(self, job: Job, at: float) -> list[Attempt]:
        """Each way to send a whole order home at once, of those orders of which it is told."""
        if job.method != HOME or job.attempts or job.order % self._compared_every:
            return []
        whole = (self._spare(job.location[:, None], job.sku, job.quantity) >= 0).all(axis=1) & np.isfinite(job.score)
        lines = (job.line, job.sku, job.quantity)
        pairs = zip(job.location[whole].tolist(), job.service[whole].tolist(), strict=True)
        return [self._considered(job, (location, service, math.nan), at, lines) for location, service in pairs]

    def _considered(
        self, job: Job, chosen: tuple[int, int, float], at: float, lines: tuple[IntArray, IntArray, IntArray]
    ) -> Attempt:
        """An attempt as it stands before anything of it is left to chance."""
        (location, service, propensity), (line, sku, quantity) = chosen, lines
        backlog, crowd = int(self._backlog[location]), float(self._log_footfall[location])
        units, collected = int(quantity.sum()), float(service == COLLECT)
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
            footfall_ratio=float(self._footfall_ratio[location]),
            line=line,
            sku=sku,
            quantity=quantity,
            taken=quantity,
            spare=self._spare(location, sku, quantity),
            days=(at - self._records.restated_at[location, sku]) / 24,
        )

    def _attempt(
        self,
        job: Job,
        chosen: tuple[int, int, float],
        at: float,
        lines: tuple[IntArray, IntArray, IntArray],
        rng: np.random.Generator,
    ) -> Attempt:
        attempt = self._considered(job, chosen, at, lines)
        attempt.taken = self._records.ask(attempt.location, attempt.sku, attempt.quantity, at, rng)
        work_hours = math.exp(attempt.mu + attempt.sigma * rng.standard_normal())
        local = self._clock.local(at)
        calendar = self._calendars[attempt.location]

        def after(share: float) -> float:
            return float(self._clock.instant(calendar.finish(local, share * work_hours)))

        share = 1.0
        if rng.random() < attempt.rejection:
            attempt.ending, share = REJECTED, REJECTED_AFTER
        elif (attempt.taken < attempt.quantity).any():
            attempt.ending, share = SHORT, SHORT_AFTER
        elif rng.random() < CANCELLED_SHARE:
            attempt.ending, share = CANCELLED, float(rng.random())
        if attempt.ending != REJECTED:
            attempt.accepted = after(ACCEPTED_AFTER)
        attempt.ended = after(share)
        return attempt

    def _end(self, attempt: Attempt, at: float, left: Day, rng: np.random.Generator) -> None:
        """The attempt leaves the backlog; what failed is decided again."""
        self._backlog[attempt.location] -= 1
        place = (attempt.location, attempt.sku, attempt.quantity)
        if attempt.ending in (REJECTED, CANCELLED):
            self._records.release(*place)
        else:
            gone = attempt.taken if attempt.ending == PREPARED else np.zeros_like(attempt.taken)
            left.restatements.append(self._records.picked(*place, taken=gone, at=at, rng=rng))
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


def jobs_of(
    orders: Orders, methods: IntArray, candidates: Candidates, to: Destinations, first_order: int
) -> list[tuple[float, Job]]:
    """The jobs of a day's orders with the hours at which they are decided, in that order."""
    jobs = []
    for index in range(len(orders.placed)):
        lines = slice(orders.first_line[index], orders.first_line[index + 1])
        pairs = slice(candidates.first[index], candidates.first[index + 1])
        job = Job(
            order=first_order + index,
            method=int(methods[index]),
            place=int(to.place[index]),
            latitude=float(to.latitude[index]),
            longitude=float(to.longitude[index]),
            collect=int(to.collect[index]),
            line=np.arange(lines.stop - lines.start),
            sku=orders.sku[lines].copy(),
            quantity=orders.quantity[lines].copy(),
            # Copies: a view would keep the whole day in memory for as long as one attempt is under way.
            location=candidates.location[pairs].copy(),
            service=candidates.service[pairs].copy(),
            score=candidates.score[pairs].copy(),
        )
        jobs.append((float(orders.decided[index]), job))
    return jobs
