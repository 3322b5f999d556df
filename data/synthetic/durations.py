"""From hours of work and of travel to instants: used to make a history and, the other way round, to know its truth."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.clock import CALENDARS, WEEK_HOURS, Clock, delivery_round

FloatArray = NDArray[np.float64]

PREPARING: Final = ("warehouse", "store", "supplier")


def ready_instant(
    clock: Clock, decided: FloatArray, location_type: NDArray[np.object_], work_hours: FloatArray
) -> FloatArray:
    """When ``work_hours`` of preparation begun at ``decided`` are done; the arrays broadcast against each other."""
    shape = np.broadcast_shapes(decided.shape, location_type.shape, work_hours.shape)
    local = np.broadcast_to(clock.local(decided), shape)
    kind, work = np.broadcast_to(location_type, shape), np.broadcast_to(work_hours, shape)
    done = np.empty(shape)
    for name in PREPARING:
        rows = kind == name
        done[rows] = CALENDARS[name].finish(local[rows], work[rows])
    return np.asarray(clock.instant(done))


def delivered_instant(
    clock: Clock,
    ready: FloatArray,
    collected: NDArray[np.bool_],
    *,
    shortest: FloatArray,
    hours: FloatArray,
    late_hours: FloatArray,
    monday: FloatArray,
) -> FloatArray:
    """When a parcel handed over at ``ready`` is at the customer, or the customer has come; arrays broadcast.

    ``shortest`` + ``hours`` × exp(``monday`` if handed over on a Monday) + ``late_hours``, in hours of the carrier's
    calendar (of the store's, where the customer collects).
    """
    shape = np.broadcast_shapes(ready.shape, hours.shape, late_hours.shape, collected.shape)
    local = np.broadcast_to(clock.local(ready), shape)
    on_monday = local % WEEK_HOURS < 24
    travel = shortest + hours * np.exp(np.where(on_monday, monday, 0.0)) + late_hours
    rows = np.broadcast_to(collected, shape)
    done = np.empty(shape)
    done[rows] = CALENDARS["store"].finish(local[rows], travel[rows])
    done[~rows] = delivery_round(CALENDARS["carrier"].finish(local[~rows], travel[~rows]))
    return np.asarray(clock.instant(done))
