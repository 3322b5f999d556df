"""Distance on the globe."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Mean radius of the earth (IUGG), which keeps the error of the sphere below 0.6 %.
EARTH_RADIUS_KM = 6371.0088


def haversine_km(
    latitude_1: ArrayLike, longitude_1: ArrayLike, latitude_2: ArrayLike, longitude_2: ArrayLike
) -> NDArray[np.float64] | Any:
    """Return the great-circle distance in km between points given in degrees.

    The four arguments broadcast; a missing coordinate (NaN) gives a missing distance.
    Haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984).
    """
    phi_1, phi_2 = np.radians(latitude_1), np.radians(latitude_2)
    half_dphi = (phi_2 - phi_1) / 2
    half_dlambda = np.radians(np.subtract(longitude_2, longitude_1)) / 2
    chord = np.sin(half_dphi) ** 2 + np.cos(phi_1) * np.cos(phi_2) * np.sin(half_dlambda) ** 2
    # Rounding can push antipodes just above 1.
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))


def on_the_globe(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (R, 3) points on the unit sphere: the straight line between two is the longer, the longer their arc."""
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])
