"""The lanes of the last good bundle, kept in the work folder so that they outlive it."""

from pathlib import Path

import structlog

from prediction.errors import LanesError
from prediction.lanes import LAST_RESORT, Lanes, read_lanes, write_lanes
from serving.settings import Settings

log = structlog.get_logger()


def keep_lanes(bundle: Path, work_folder: Path) -> None:
    """Copy the lanes of a good bundle to the work folder; what is kept stays where the bundle has none."""
    try:
        write_lanes(read_lanes(bundle), work_folder)
    except (LanesError, OSError) as error:
        log.warning("the bundle's lanes are not kept: without it, dates are promised by older ones", error=str(error))


def find_lanes(settings: Settings) -> Lanes:
    """Return the bundle's lanes, else those that were kept, else the last resort."""
    for folder in (settings.bundle, settings.work_folder):
        try:
            if folder is not None:
                return read_lanes(folder)
        except LanesError as error:
            log.warning("no lanes there", error=str(error))
    return LAST_RESORT
