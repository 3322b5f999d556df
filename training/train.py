"""From a dataset to a registered bundle."""

from dataclasses import dataclass
from pathlib import Path

from data.dataset import Dataset, digest
from features.history import read_history
from prediction.lanes import make_lanes
from training.card import model_card
from training.errors import TrainingError
from training.lanes import possible_facts
from training.metrics import figures
from training.packing import bundle_of, golden_facts, require_replaceable, write_bundle
from training.plots import draw
from training.tracking import connect, record, registered
from training.trained import Progress, score, train_heads
from training.validation import midnight_after_last_decision, validate


@dataclass(frozen=True)
class TrainingRun:
    """What `train` did: the bundle's version, its folder, the alias it got and the figures of its validation."""

    version: str
    folder: Path
    alias: str
    as_of: str
    figures: dict[str, float]


def train(
    dataset: Dataset,
    folder: Path,
    *,
    name: str,
    as_of: float | None,
    seed: int,
    tracking_uri: str | None,
    work_folder: Path,
    progress: Progress,
) -> TrainingRun:
    """Validate the procedure on the weeks before ``as_of``, fit as of it, write the bundle and register it.

    ``as_of``: seconds since 1970 UTC; ``None`` takes the midnight after the last decision. ``folder`` is replaced.

    Raises
    ------
    TrainingError
        Too little history, more than one currency, ``folder`` holds something that is not a bundle, or MLflow's server
        cannot be used.
    """
    # What takes no time is checked before what takes minutes.
    require_replaceable(folder)
    currency = _currency(dataset)
    history = read_history(dataset)
    connect(tracking_uri, work_folder)
    cut = midnight_after_last_decision(history) if as_of is None else as_of
    predictions, window = validate(history, cut, seed, lambda head, done, all_: progress(head, done, 2 * all_))
    measured = figures(predictions, window.zone)
    trained = train_heads(history, cut, seed, lambda head, done, all_: progress(head, all_ + done, 2 * all_))
    with registered(name) as taken:
        bundle = bundle_of(
            trained,
            score(history, trained),
            name=name,
            bundle_version=taken.version,
            currency=currency,
            digest=digest(dataset),
        )
        golden = golden_facts(history, cut)
        lanes = make_lanes(bundle, possible_facts(history, cut, seed))
        write_bundle(bundle, trained.boosters, golden, folder, lanes)
        plots = draw(history, predictions, trained.boosters)
        leaves = {head: int(booster.params["num_leaves"]) for (head, _), booster in trained.boosters.items()}
        alias = record(
            bundle,
            folder,
            taken=taken,
            golden=golden,
            figures=measured,
            leaves=leaves,
            card=model_card(bundle.manifest, measured, window, leaves),
            plots=plots,
        )
    return TrainingRun(bundle.version, folder, alias, bundle.manifest.window.as_of, measured)


def _currency(dataset: Dataset) -> str:
    currencies = sorted(dataset.orders["currency"].unique())
    if len(currencies) != 1:
        raise TrainingError(
            f"the orders are in {', '.join(currencies) or 'no currency'}: costs of one bundle need one currency."
        )
    return str(currencies[0])
