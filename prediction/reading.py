"""The files of a bundle, and the bundle read from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from features.statistics import STATISTICS, USUAL_VISITORS
from features.trailing_sums import TrailingSums
from prediction.bundle import Bundle
from prediction.following import from_arrays
from prediction.manifest import (
    GOLDEN_FILE,
    HEAD_PARTS,
    TRAILING_FILE,
    UNDER_WAY_FILE,
    read_manifest,
)

if TYPE_CHECKING:
    import lightgbm


def model_file(head: str, part: str) -> str:
    """Name of a model's file in the bundle's folder."""
    return f"{head}.{part}.txt"


#: What `read_bundle` and the trial read beside the manifest.
FILES: Final = frozenset(
    {
        TRAILING_FILE,
        UNDER_WAY_FILE,
        GOLDEN_FILE,
        *(model_file(head, part) for head, parts in HEAD_PARTS.items() for part in parts),
    }
)


def read_bundle(folder: Path) -> Bundle:
    """Read the bundle in ``folder`` without checking it: `prediction.loading.load_bundle` does."""
    manifest = read_manifest(folder)
    with np.load(folder / TRAILING_FILE, allow_pickle=False) as arrays:
        trailing = TrailingSums.from_arrays([*STATISTICS, USUAL_VISITORS], manifest.landmark, arrays)
    with np.load(folder / UNDER_WAY_FILE, allow_pickle=False) as arrays:
        looked = from_arrays(manifest.working_time(), arrays)
    return Bundle(manifest, read_boosters(folder), trailing, looked)


def read_boosters(folder: Path) -> dict[tuple[str, str], "lightgbm.Booster"]:
    """Read the trees in ``folder``, by head and part."""
    import lightgbm  # noqa: PLC0415 (a service without a bundle begins without it, in half the time)

    return {
        (head, part): lightgbm.Booster(model_file=str(folder / model_file(head, part)))
        for head, parts in HEAD_PARTS.items()
        for part in parts
    }
