"""Visitors of each store and hour.

The constants are facts of 1,115 real shops (Rossmann, 2013 to 2015, 844,338 open days), printed by
``python -m data.synthetic.rossmann_facts ../shared/data/rossmann/rossmann.parquet``; the profile over the hours of the
day is an assumption, as that source counts days.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.clock import CALENDARS, WEEK_HOURS, Clock

FloatArray = NDArray[np.float64]

MEDIAN_VISITORS_PER_DAY: Final = 679.0
BETWEEN_STORES_LOG_SD: Final = 0.373
#: Visitors of a weekday ÷ of a mean day from Monday to Saturday; Monday first.
WEEKDAY_FACTOR: Final = np.array([1.131, 1.012, 0.974, 0.993, 1.033, 0.863, 0.861])
#: How much the Saturday of one shop differs from that of another.
SATURDAY_BETWEEN_STORES_SD: Final = 0.202
MONTH_FACTOR: Final = np.array([0.955, 0.964, 1.002, 1.020, 1.025, 1.000, 0.984, 0.973, 0.969, 0.977, 1.015, 1.154])
PROMOTION_SHARE: Final = 0.446
PROMOTION_FACTOR: Final = (0.925, 1.116)
DAY_LOG_SD: Final = 0.136

#: Assumptions: the day from 9 to 20 (two peaks), how restless one hour is, days on which the whole town is out.
HOUR_FACTOR: Final = np.array([0.55, 0.85, 1.1, 1.15, 0.8, 0.75, 0.9, 1.15, 1.4, 1.35, 1.0])
FIRST_HOUR: Final = 9
HOUR_LOG_SD: Final = 0.18
CROWDED_DAY_SHARE: Final = 0.06
CROWDED_DAY_FACTOR: Final = 1.9


@dataclass(frozen=True)
class Footfall:
    """What is usual: expected visitors of each store and local hour of the week, an array (stores, 168)."""

    usual: FloatArray

    @classmethod
    def draw(cls, stores: int, rng: np.random.Generator) -> "Footfall":
        """Shops differ in size and in how busy their Saturday is."""
        per_day = MEDIAN_VISITORS_PER_DAY * np.exp(rng.normal(0, BETWEEN_STORES_LOG_SD, stores))
        weekday = np.tile(WEEKDAY_FACTOR, (stores, 1))
        weekday[:, 5] += np.clip(rng.normal(0, SATURDAY_BETWEEN_STORES_SD, stores), -0.4, 0.5)
        hours = np.zeros(24)
        hours[FIRST_HOUR : FIRST_HOUR + len(HOUR_FACTOR)] = HOUR_FACTOR / HOUR_FACTOR.sum()
        week = weekday[:, :, None] * hours[None, None, :]
        return cls(per_day[:, None] * week.reshape(stores, WEEK_HOURS) * CALENDARS["store"].works)

    def visitors(self, clock: Clock, day: int, rng: np.random.Generator) -> FloatArray:
        """Visitors of each store in each UTC hour of ``day``: whole numbers, array (stores, 24); NaN while closed."""
        stores = len(self.usual)
        local = clock.local(day * 24 + np.arange(24) + 0.5)
        usual = self.usual[:, np.floor(local % WEEK_HOURS).astype(np.int64)]
        promotion = np.where(rng.random(stores) < PROMOTION_SHARE, PROMOTION_FACTOR[1], PROMOTION_FACTOR[0])
        crowded = np.where(rng.random(stores) < CROWDED_DAY_SHARE, CROWDED_DAY_FACTOR, 1.0)
        level = MONTH_FACTOR[clock.month(day) - 1] * promotion * crowded * np.exp(rng.normal(0, DAY_LOG_SD, stores))
        noise = np.exp(rng.normal(-(HOUR_LOG_SD**2) / 2, HOUR_LOG_SD, usual.shape))
        visitors = rng.poisson(usual * level[:, None] * noise).astype(float)
        return np.where(usual > 0, visitors, np.nan)

    def ratio(self, visitors: FloatArray, clock: Clock, hour: int) -> FloatArray:
        """Visitors of the UTC hour ``hour`` ÷ the usual of its hour of the week (stores,); NaN while closed."""
        hour_of_week = int(clock.local(hour + 0.5) % WEEK_HOURS)
        usual = self.usual[:, hour_of_week]
        return np.where(usual > 0, visitors / np.where(usual > 0, usual, 1.0), np.nan)
