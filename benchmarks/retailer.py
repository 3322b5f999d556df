"""A synthetic retailer with a bundle trained on it, and networks of as many candidates as asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import lightgbm
import numpy as np
import pandas as pd

from data.dataset import Dataset, load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import Preset
from decision.network import Network, SkuStock
from decision.order import Destination, Line, Order
from features.facts import Columns
from features.history import read_history
from prediction.bundle import Bundle
from prediction.loading import load_bundle
from training.packing import bundle_of, golden_facts, write_bundle
from training.trained import Trained, score, train_heads

#: As many locations as the largest network needs, each with a history; seconds to generate and train.
RETAILER: Final = Preset(date(2025, 9, 1), 70, warehouses=2, stores=240, suppliers=8, skus=60, orders_per_day=150)
#: What travels to a customer's home from anywhere.
SERVICES: Final = 2
PROMISED: Final = timedelta(days=3)
UNITS: Final = 20.0


@dataclass(frozen=True)
class Retailer:
    """Tables of a history, a bundle trained on all of it, the same trees as LightGBM has them, and the last instant."""

    dataset: Dataset
    bundle: Bundle
    boosters: Mapping[tuple[str, str], lightgbm.Booster]
    now: datetime


def make_retailer(preset: Preset, seed: int) -> Retailer:
    """Generate a history, train on it, and load the bundle as a service loads it."""
    with TemporaryDirectory() as folder:
        dataset, trained, now, written = write_retailer(preset, seed, Path(folder))
        return Retailer(dataset, load_bundle(written), trained.boosters, now)


def write_retailer(preset: Preset, seed: int, folder: Path) -> tuple[Dataset, Trained, datetime, Path]:
    """Generate a history, train on it and write both into ``folder``; return them, the last instant, the bundle's."""
    tables = folder / "data"
    for _ in generate(preset, seed, tables, folder / "truth"):
        pass
    dataset = load_dataset(tables)
    now = datetime.combine(preset.first_day + timedelta(days=preset.days), datetime.min.time(), UTC)
    history = read_history(dataset)
    trained = train_heads(history, now.timestamp(), seed, lambda *_: None)
    bundle = bundle_of(trained, score(history, trained), name="bench", bundle_version="1", currency="EUR", digest="-")
    written = write_bundle(bundle, trained.boosters, golden_facts(history, now.timestamp()), folder / "bundle")
    return dataset, trained, now, written


def network_of(retailer: Retailer, candidates: int, rng: np.random.Generator) -> Network:
    """The first of the retailer's locations, so many that they make ``candidates`` for a delivery home.

    Every location has every sku: no candidate falls away, and every line of an order may come from everywhere.
    """
    services = retailer.dataset.carrier_services
    anywhere = services[services["location_type"].isna() & (services["level"] != "collect")].iloc[
        : min(SERVICES, candidates)
    ]
    count = candidates // len(anywhere)
    places = retailer.dataset.locations.iloc[:count]
    if count * len(anywhere) != candidates or len(places) < count:
        raise ValueError(f"{len(places)} locations with {len(anywhere)} services do not make {candidates} candidates")
    live = {
        "backlog": rng.poisson(5, count).astype(np.float64),
        "footfall": rng.poisson(120, count).astype(np.float64),
        "footfall_ratio": rng.lognormal(0, 0.25, count),
    }
    stock = {
        sku: SkuStock(
            np.arange(count),
            rng.poisson(UNITS, count).astype(np.float64) + 10.0,
            np.zeros(count),
            np.zeros(count),
            retailer.now.timestamp() - rng.uniform(1, 60, count) * 86_400,
        )
        for sku in retailer.dataset.products["sku"]
    }
    return Network({**_columns(places), **live}, _columns(anywhere), stock)


def orders_of(retailer: Retailer, count: int, lines: int, rng: np.random.Generator) -> list[Order]:
    """Orders of the history, sent home, each with ``lines`` lines of different skus and the usual promise."""
    tables = retailer.dataset
    home = tables.orders[tables.orders["delivery_method"] == "home"]
    chosen = home.iloc[rng.choice(len(home), count, replace=False)]
    products = tables.products[~tables.products["hazmat"] & ~tables.products["bulky"]]
    return [
        Order(
            order_id=row["order_id"],
            placed_at=retailer.now,
            currency="EUR",
            delivery_method="home",
            destination=Destination(**{name: row[name] for name in _DESTINATION}),
            lines=tuple(
                Line(str(at + 1), sku, 1 + int(rng.integers(2)), 25.0, *about)
                for at, (sku, *about) in enumerate(
                    products.iloc[rng.choice(len(products), lines, replace=False)][_PRODUCT].to_numpy().tolist()
                )
            ),
            channel=row["channel"],
            payment_method=row["payment_method"],
            promised_at=retailer.now + PROMISED,
        )
        for row in chosen.to_dict("records")
    ]


_DESTINATION: Final = ("country", "postal_code", "region", "latitude", "longitude")
_PRODUCT: Final = ["sku", "category", "weight_kg", "volume_l", "longest_side_cm"]


def _columns(table: pd.DataFrame) -> Columns:
    """Columns as decisions take them: text as objects with ``None``, numbers as float64 with NaN."""
    columns = {}
    for name in table.columns:
        if pd.api.types.is_numeric_dtype(table[name]):
            columns[name] = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            columns[name] = np.array([None if pd.isna(value) else value for value in table[name]], dtype=object)
    return columns
