"""How parcels travel: who carries them from where, how long they take, and in which way each carrier is late."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.synthetic.parcels import Parcels
from data.synthetic.places import AREAS, REGIONS

FloatArray = NDArray[np.float64]

HOURS_PER_YEAR: Final = 8760.0
#: A lane swings from slow to quick and back in this time.
SWING_YEARS: Final = 0.4
ISLANDS: Final = AREAS.index("islands")
#: No parcel is at the customer sooner than this after the carrier has it (hours of the carrier's calendar).
SHORTEST_TRAVEL_HOURS: Final = 12.0


@dataclass(frozen=True, slots=True)
class Carrier:
    """One way of being late. Log factors on the travel time above the shortest; ``late_hours`` is a median."""

    name: str
    slowness: float
    price: float
    late_probability: float
    late_hours: float
    late_log_sd: float
    monday: float
    drift_per_year: float


CARRIERS: Final = (
    Carrier("Freccia", -0.08, 1.10, 0.09, 30.0, 0.9, 0.0, 0.0),  # quick, and now and then terribly late
    Carrier("Corriere Nord", 0.06, 0.92, 0.03, 20.0, 0.4, 0.40, 0.0),  # what it gets on a Monday waits
    Carrier("Adria", 0.00, 0.97, 0.03, 20.0, 0.4, 0.0, 0.35),  # slower month after month
)


@dataclass(frozen=True, slots=True)
class Service:
    """A carrier and a level. ``location_type`` is the only type it serves; ``None``: all."""

    carrier_service_id: str
    carrier: int
    level: str
    location_type: str | None
    max_weight_kg: float
    carbon_kg: float
    median_hours: float
    log_sd: float
    cost_log_sd: float
    price: float


SERVICES: Final = (
    Service("FRECCIA-STD", 0, "standard", None, 70, 0.60, 20, 0.48, 0.22, 5.6),
    Service("FRECCIA-EXP", 0, "express", None, 30, 1.10, 7, 0.42, 0.22, 9.8),
    Service("NORD-STD", 1, "standard", None, 50, 0.55, 22, 0.55, 0.26, 5.2),
    Service("NORD-EXP", 1, "express", "store", 20, 0.95, 8, 0.48, 0.24, 9.0),
    Service("ADRIA-STD", 2, "standard", "warehouse", 100, 0.50, 21, 0.42, 0.20, 5.0),
    Service("ADRIA-EXP", 2, "express", "warehouse", 30, 1.00, 8, 0.36, 0.20, 9.2),
)
#: Handed over in the store: travels nowhere. It stands behind the carriers' services.
COLLECT: Final = len(SERVICES)
COLLECT_ID: Final = "COLLECT"


def over_sea(parcels: Parcels) -> NDArray[np.bool_]:
    """Whether each parcel leaves an island or goes to one; the two islands count as one."""
    return np.asarray((parcels.origin_area == ISLANDS) != (parcels.destination_area == ISLANDS))


def services_of(location_type: str, level: str) -> list[int]:
    """Positions in `SERVICES` of what serves a type of location at a level."""
    return [
        index
        for index, service in enumerate(SERVICES)
        if service.level == level and service.location_type in (None, location_type)
    ]


def table() -> pd.DataFrame:
    """The canonical table ``carrier_services``."""
    rows: list[dict[str, Any]] = [
        {
            "carrier_service_id": service.carrier_service_id,
            "carrier": CARRIERS[service.carrier].name,
            "level": service.level,
            "location_type": service.location_type,
            "max_weight_kg": service.max_weight_kg,
            "carbon_kg_per_shipment": service.carbon_kg,
        }
        for service in SERVICES
    ]
    rows.append(
        {
            "carrier_service_id": COLLECT_ID,
            "carrier": "none",
            "level": "collect",
            "location_type": "store",
            "max_weight_kg": None,
            "carbon_kg_per_shipment": 0.0,
        }
    )
    return pd.DataFrame(rows)


def of_service(name: str) -> FloatArray:
    """One number of every service, (services,)."""
    return np.array([getattr(service, name) for service in SERVICES], float)


def of_carrier(name: str) -> FloatArray:
    """One number of the carrier of every service, (services,)."""
    return np.array([getattr(CARRIERS[service.carrier], name) for service in SERVICES], float)


@dataclass(frozen=True)
class Lanes:
    """What is peculiar to a lane: (carriers, areas, areas) log factors, swings over time and their phases."""

    level: FloatArray
    swing: FloatArray
    phase: FloatArray
    #: Of each destination region, (regions,).
    remoteness: FloatArray

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Lanes":
        """Lanes differ by about 15 % and swing by about 10 % in a cycle of five months."""
        shape = (len(CARRIERS), len(AREAS), len(AREAS))
        return cls(
            level=rng.normal(0, 0.15, shape),
            swing=np.abs(rng.normal(0, 0.10, shape)),
            phase=rng.uniform(0, 1, shape),
            remoteness=rng.normal(0, 0.06, len(REGIONS)),
        )

    def travel_mu(self, parcels: Parcels, december: bool) -> FloatArray:
        """Log of the median hours of travel above the shortest, (parcels,); any number where nothing is carried."""
        service = np.where(parcels.service == COLLECT, 0, parcels.service)
        carrier = np.array([item.carrier for item in SERVICES])[service]
        lane = (carrier, parcels.origin_area, parcels.destination_area)
        years = parcels.decided / HOURS_PER_YEAR
        cycle = np.sin(2 * np.pi * (years / SWING_YEARS + self.phase[lane]))
        return np.asarray(
            np.log(of_service("median_hours"))[service]
            + of_carrier("slowness")[service]
            + 0.22 * np.log1p(parcels.distance_km / 100)
            + self.level[lane]
            + self.swing[lane] * cycle
            + of_carrier("drift_per_year")[service] * years
            + self.remoteness[parcels.destination_region]
            + 0.30 * over_sea(parcels)
            + 0.05 * np.log1p(parcels.weight_kg)
            + 0.15 * parcels.bulky
            + 0.15 * december
        )
