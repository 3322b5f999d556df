"""What a bundle says of itself."""

import json
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from prediction.errors import AGAIN, BundleError
from prediction.working_hours import WorkingTime

FORMAT: Final = 11
MANIFEST_FILE: Final = "manifest.json"
TRAILING_FILE: Final = "trailing.npz"
UNDER_WAY_FILE: Final = "under_way.npz"
GOLDEN_FILE: Final = "golden.json"

#: Head → the models that it is made of. Times have a centre and a spread of log-hours; delivery is handover and then
#: transit, and has no models of its own.
HEAD_PARTS: Final = {
    "ready_hours": ("centre", "spread"),
    "transit_hours": ("centre", "spread"),
    "cost": ("log_mean",),
    "pick_failure": ("log_odds",),
}
#: Row of the calibration tables for groups that training did not know.
EVERY_GROUP: Final = ""
#: The times that are predicted, and calibrated.
TIME_HEADS: Final = ("delivery_hours", "ready_hours")


class Window(BaseModel):
    """Which attempts the heads were trained on, ISO 8601 instants."""

    model_config = ConfigDict(extra="forbid")

    first_decided_at: str
    as_of: str
    attempts: int

    @field_validator("first_decided_at", "as_of")
    @classmethod
    def _is_an_instant(cls, written: str) -> str:
        if datetime.fromisoformat(written).tzinfo is None:
            raise ValueError(f"{written} has no offset from UTC")
        return written


class Manifest(BaseModel):
    """``manifest.json``: everything about a bundle that is not a model."""

    model_config = ConfigDict(extra="forbid")

    format: int
    name: str
    version: str
    currency: str
    window: Window
    data_digest: str
    seed: int
    #: Library → version it was trained with.
    libraries: dict[str, str]
    #: File → sha256 of its bytes, in hexadecimal.
    files: dict[str, str]
    #: Head → its features, in the order of the matrix; all of them are float64.
    features: dict[str, list[str]]
    #: Head → the features whose sum its trees start from.
    offsets: dict[str, list[str]]
    #: Mean cost ÷ mean of exp(predicted log cost) in training (N. Duan, "Smearing Estimate", JASA 78, 1983).
    cost_factor: float
    #: Text fact → value → code.
    vocabularies: dict[str, dict[str, int]]
    #: Where the forward decay of the trailing sums starts, seconds since 1970.
    landmark: float
    #: Time head → working hours of an hour of each slot of the week, per group; see `prediction.week`.
    week: dict[str, list[list[float]]]
    #: Time head → share of an ordinary day's work that is done on a holiday, by its name, per group.
    holidays: dict[str, dict[str, list[float]]]
    #: Group, of `prediction.bundle.calibration_groups` → row of the tables.
    groups: dict[str, int]
    #: Time head → calibrated levels, one row per group.
    calibration: dict[str, list[list[float]]]

    def working_time(self) -> dict[str, WorkingTime]:
        """When work is done, by time head."""
        return {
            time: WorkingTime(np.array(week), {name: np.array(share) for name, share in self.holidays[time].items()})
            for time, week in self.week.items()
        }


def is_bundle(folder: Path) -> bool:
    """Whether the folder looks like a bundle of any format: others write files of that name too."""
    try:
        content = json.loads((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"format", "data_digest", "files"} <= content.keys()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest in ``folder``. Raises `BundleError` when it is absent or not of this format."""
    path = folder / MANIFEST_FILE
    try:
        content = json.loads(path.read_bytes())
        # Before anything else: what another format adds or lacks must not hide why it cannot be read.
        found = content.get("format") if isinstance(content, dict) else None
        if isinstance(found, int) and found != FORMAT:
            raise BundleError(f"{path} is of format {found}; this version reads format {FORMAT}. Train again.")
        return Manifest.model_validate(content)
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read ({error.strerror}). A bundle is what `smista train` writes."
        ) from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not a manifest of format {FORMAT}. {AGAIN} {error}") from error
