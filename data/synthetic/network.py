"""Where the retailer sends from: warehouses, stores and suppliers, each with its hidden character."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.synthetic.places import AREA_OF_PLACE, COUNTRY, PLACES, TIMEZONE, distance_km
from data.synthetic.presets import Preset
from data.synthetic.products import CATEGORIES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Cities with a warehouse, the first first: where Italian retail logistics is.
WAREHOUSE_CITIES: Final = ("Piacenza", "Roma", "Verona", "Caserta", "Catania")
#: Stores and suppliers that may serve one place.
NEAREST: Final = 8
CATEGORIES_PER_SUPPLIER: Final = 3


@dataclass(frozen=True)
class Network:
    """Locations: warehouses first, then stores, then suppliers; all arrays (locations,) unless said otherwise.

    What no table shows: ``slowness`` and ``slowness_drift`` (log preparation time, and its swing over the year),
    ``restlessness`` (factor on its spread), ``footfall_pull`` (exponent of the footfall ratio), ``rejecting``
    (log-odds), ``labour`` (factor on handling cost), ``record_error`` (factor on the errors of its stock records).
    """

    ids: list[str]
    types: NDArray[np.object_]
    #: Position in `PLACES`.
    place: IntArray
    latitude: FloatArray
    longitude: FloatArray
    area: IntArray
    capacity_per_day: FloatArray
    slowness: FloatArray
    slowness_drift: FloatArray
    restlessness: FloatArray
    footfall_pull: FloatArray
    rejecting: FloatArray
    labour: FloatArray
    record_error: FloatArray
    #: Whether it may carry each category (locations, categories).
    carries: NDArray[np.bool_]

    @classmethod
    def draw(cls, preset: Preset, rng: np.random.Generator) -> "Network":
        """Warehouses stand where logistics is, stores and suppliers where people live."""
        names = [place.name for place in PLACES]
        people = np.array([place.population for place in PLACES], float) ** 0.8
        store_places = rng.choice(len(PLACES), preset.stores, p=people / people.sum())
        supplier_places = rng.choice(len(PLACES), preset.suppliers)
        warehouse_places = [names.index(name) for name in WAREHOUSE_CITIES[: preset.warehouses]]
        place = np.concatenate([warehouse_places, store_places, supplier_places])
        centre = np.array([[PLACES[index].latitude, PLACES[index].longitude] for index in place])
        counts = {"warehouse": preset.warehouses, "store": preset.stores, "supplier": preset.suppliers}
        types = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
        prefixes = {"warehouse": "W", "store": "S", "supplier": "V"}
        ids = [f"{prefixes[kind]}{number:03d}" for kind, count in counts.items() for number in range(1, count + 1)]
        count = len(ids)

        def by_type(warehouse: float, store: float, supplier: float) -> FloatArray:
            return np.repeat([warehouse, store, supplier], list(counts.values()))

        parcels = preset.orders_per_day
        capacity = by_type(1.0 * parcels / preset.warehouses, 1.2 * parcels / preset.stores, parcels / preset.suppliers)
        carries = np.ones((count, len(CATEGORIES)), bool)
        for supplier in range(count - preset.suppliers, count):
            carries[supplier] = False
            carries[supplier, rng.choice(len(CATEGORIES), CATEGORIES_PER_SUPPLIER, replace=False)] = True
        return cls(
            ids=ids,
            types=types,
            place=place,
            latitude=np.round(centre[:, 0] + rng.normal(0, 0.015, count), 5),
            longitude=np.round(centre[:, 1] + rng.normal(0, 0.02, count), 5),
            area=AREA_OF_PLACE[place],
            capacity_per_day=np.ceil(capacity * np.exp(rng.normal(0, 0.2, count))) + 2,
            slowness=rng.normal(0, by_type(0.12, 0.25, 0.25)),
            slowness_drift=np.abs(rng.normal(0, by_type(0.08, 0.12, 0.10))),
            restlessness=np.exp(rng.normal(0, by_type(0.05, 0.12, 0.10))),
            footfall_pull=rng.uniform(0.3, 0.9, count),
            rejecting=rng.normal(0, 0.5, count),
            labour=np.exp(rng.normal(0, 0.12, count)),
            record_error=np.exp(rng.normal(-0.1, by_type(0.1, 0.45, 0.3))),
            carries=carries,
        )

    def of_type(self, location_type: str) -> IntArray:
        """Positions of the locations of one type."""
        return np.flatnonzero(self.types == location_type)

    def nearest(self, location_type: str) -> IntArray:
        """The nearest locations of one type to each place, nearest first: (places, at most `NEAREST`)."""
        positions = self.of_type(location_type)
        distance = distance_km(
            np.array([[place.latitude] for place in PLACES]),
            np.array([[place.longitude] for place in PLACES]),
            self.latitude[positions],
            self.longitude[positions],
        )
        return positions[np.argsort(distance, axis=1, kind="stable")[:, :NEAREST]]

    def table(self) -> pd.DataFrame:
        """The canonical table ``locations``."""
        places = [PLACES[index] for index in self.place]
        return pd.DataFrame(
            {
                "location_id": self.ids,
                "location_type": self.types.astype(str),
                "name": [f"{place.name} {identifier}" for place, identifier in zip(places, self.ids, strict=True)],
                "country": COUNTRY,
                "region": [place.region for place in places],
                "postal_code": [place.postal_code for place in places],
                "latitude": self.latitude,
                "longitude": self.longitude,
                "timezone": TIMEZONE,
                "capacity_per_day": self.capacity_per_day,
            }
        )
