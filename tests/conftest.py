"""What tests share: a small synthetic retailer, its history and a bundle trained on it."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from data.dataset import Dataset, load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import Preset
from features.history import History, read_history
from prediction.bundle import Bundle
from prediction.lanes import make_lanes
from prediction.loading import load_bundle
from tests.made_once import made_once
from training.heads import COST, RECIPES
from training.lanes import possible_facts
from training.packing import bundle_of, golden_facts, write_bundle
from training.trained import Trained, score, train_heads

# How long an example takes says how busy the machine is, and fails no test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A trace with the values of all names on its way takes seconds to write.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])


# Modules and tests that are about to be there are no garbage either.
gc.disable()


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: to look through all that is there for garbage took a quarter of all work."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(10_000)


#: Sixteen weeks of a small retailer: enough to train on, seconds to make.
SMALL = Preset(date(2025, 9, 1), 112, warehouses=1, stores=8, suppliers=2, skus=40, orders_per_day=50)
#: 2025-12-01 00:00 UTC, three weeks before the small retailer's history ends.
CUT = 1_764_547_200.0


@pytest.fixture(scope="session")
def retailer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small retailer's dataset; its truth is beside it."""

    def make(folder: Path) -> None:
        for _ in generate(SMALL, 5, folder / "data", folder / "data-truth"):
            pass

    return made_once("retailer", make, tmp_path_factory) / "data"


@pytest.fixture(scope="session")
def retailer(retailer_folder: Path) -> Dataset:
    """The small retailer's dataset."""
    return load_dataset(retailer_folder)


@pytest.fixture(scope="session")
def history(retailer: Dataset) -> History:
    """The small retailer's history."""
    return read_history(retailer)


@pytest.fixture(scope="session")
def trained(history: History) -> Trained:
    """Heads trained as of `CUT`."""
    assert RECIPES["cost"] is COST
    return train_heads(history, CUT, 1, lambda *_: None)


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    """For tests that train, and do not ask how well heads predict: not beside `trained`, which all tests share."""
    with pytest.MonkeyPatch.context() as patch:
        for head, recipe in RECIPES.items():
            patch.setitem(RECIPES, head, replace(recipe, rounds=30))
        yield


@pytest.fixture(scope="session")
def bundle_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as training writes it."""

    def make(folder: Path) -> None:
        history: History = request.getfixturevalue("history")
        trained: Trained = request.getfixturevalue("trained")
        scored = score(history, trained)
        bundle = bundle_of(trained, scored, name="small", bundle_version="1", currency="EUR", digest="sha256:0")
        lanes = make_lanes(bundle, possible_facts(history, CUT, 1))
        write_bundle(bundle, trained.boosters, golden_facts(history, CUT), folder / "small", lanes)

    return made_once("bundles", make, tmp_path_factory) / "small"


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path) -> Bundle:
    """The bundle, verified and loaded as a service loads it."""
    return load_bundle(bundle_folder)
