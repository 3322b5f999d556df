"""Write trained heads as a bundle: text models, trailing sums, golden rows and the manifest that vouches for them."""

import platform
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.facts import FACTS, Columns
from features.history import History
from features.statistics import STATISTICS, USUAL_VISITORS
from features.trailing import Observations
from features.trailing_sums import TrailingSums
from prediction.bundle import Bundle
from prediction.following import looked_at, to_arrays
from prediction.golden import write_golden
from prediction.lanes import LANES_FILE, Lanes, write_lanes
from prediction.loading import sha256_of
from prediction.manifest import (
    FORMAT,
    GOLDEN_FILE,
    MANIFEST_FILE,
    TRAILING_FILE,
    UNDER_WAY_FILE,
    Manifest,
    Window,
    is_bundle,
)
from prediction.reading import model_file
from training.errors import NotABundleError
from training.heads import RECIPES
from training.trained import Scored, Trained

GOLDEN_ROWS: Final = 24
_LIBRARIES: Final = ("holidays", "lightgbm", "numpy", "pandas", "scipy")


def trailing_as_of(history: History, as_of: float) -> TrailingSums:
    """The state of every trailing statistic just before ``as_of`` (seconds)."""
    state = TrailingSums([*STATISTICS, USUAL_VISITORS], history.landmark)
    for measure, observed in history.observations.items():
        state.observe(measure, _before(observed, as_of))
    return state


def _before(observed: Observations, as_of: float) -> Observations:
    count = int(np.searchsorted(observed.known_at, as_of, side="left"))
    return Observations(
        observed.known_at[:count],
        observed.value[:count],
        observed.weight[:count],
        {name: column[:count] for name, column in observed.columns.items()},
    )


def bundle_of(
    trained: Trained, scored: Scored, *, name: str, bundle_version: str, currency: str, digest: str
) -> Bundle:
    """Put trained heads, their calibration as of the cut and the trailing state together."""
    history = scored.history
    decided_at = history.attempts.decided_at
    known = decided_at[decided_at < trained.as_of]
    calibration = scored.calibration(trained.as_of)
    manifest = Manifest(
        format=FORMAT,
        name=name,
        version=bundle_version,
        currency=currency,
        window=Window(first_decided_at=_iso(float(known.min())), as_of=_iso(trained.as_of), attempts=len(known)),
        data_digest=digest,
        seed=trained.seed,
        libraries={"python": platform.python_version(), **{library: version(library) for library in _LIBRARIES}},
        files={},
        features={head: list(recipe.features) for head, recipe in RECIPES.items()},
        offsets={head: list(recipe.offset) for head, recipe in RECIPES.items() if recipe.offset},
        cost_factor=trained.cost_factor,
        vocabularies={name: dict(codes) for name, codes in trained.encoding.vocabularies.items()},
        landmark=history.landmark,
        groups=trained.encoding.groups,
        week={head: of.week.tolist() for head, of in trained.working.items()},
        holidays={
            head: {name: share.tolist() for name, share in of.holidays.items()} for head, of in trained.working.items()
        },
        calibration={head: levels.tolist() for head, levels in calibration.items()},
    )
    names = history.attempts.fulfilment_id
    looked = {time: looked_at(hours, names, trained.as_of, trained.seed) for time, hours in scored.hours.items()}
    return Bundle(manifest, trained.boosters, trailing_as_of(history, trained.as_of), looked)


def golden_facts(history: History, as_of: float) -> Columns:
    """The facts of the last attempts decided before ``as_of``, as if decided then."""
    rows = np.flatnonzero(history.attempts.decided_at < as_of)[-GOLDEN_ROWS:]
    facts = {fact.name: history.attempts.columns[fact.name][rows] for fact in FACTS}
    return {**facts, "decided_at": np.full(len(rows), as_of)}


def require_replaceable(folder: Path) -> None:
    """Raise `NotABundleError` when ``folder`` holds something that is not a bundle, or lies in what is no folder."""
    there = next(parent for parent in folder.resolve().parents if parent.exists())
    if not there.is_dir():
        raise NotABundleError(f"{folder} cannot be made: {there} is a file.")
    if folder.exists() and not is_bundle(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise NotABundleError(f"{folder} is not a bundle, and writing one there would delete it: name another folder.")


def write_bundle(
    bundle: Bundle,
    boosters: Mapping[tuple[str, str], lightgbm.Booster],
    golden: Columns,
    folder: Path,
    lanes: Lanes | None = None,
) -> Path:
    """Write ``bundle`` into ``folder``, replacing the bundle that is there, and return it.

    ``lanes`` promise dates where the bundle cannot; without them, the service's last resort does.

    The folder appears whole: a service that starts meanwhile finds the old bundle, or the new one, or for an instant
    none, but never half of one.

    Raises `NotABundleError` rather than replace anything else.
    """
    require_replaceable(folder)
    folder = folder.resolve()
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for (head, part), booster in boosters.items():
        booster.save_model(str(unfinished / model_file(head, part)))
    arrays: dict[str, NDArray[np.str_] | NDArray[np.float64]] = bundle.trailing.to_arrays()
    np.savez(unfinished / TRAILING_FILE, allow_pickle=False, **arrays)
    np.savez(unfinished / UNDER_WAY_FILE, allow_pickle=False, **to_arrays(bundle.looked))
    write_golden(bundle, golden, unfinished)
    names = [*(model_file(head, part) for head, part in boosters), TRAILING_FILE, UNDER_WAY_FILE, GOLDEN_FILE]
    if lanes is not None:
        write_lanes(lanes, unfinished)
        names.append(LANES_FILE)
    manifest = bundle.manifest.model_copy(update={"files": {name: sha256_of(unfinished / name) for name in names}})
    (unfinished / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1))
    replaced = folder.with_name(f"{folder.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    unfinished.rename(folder)
    shutil.rmtree(replaced, ignore_errors=True)
    return folder


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()
