"""What the retailer sells."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Category:
    """Median weight (kg), volume (litres) and price (EUR) of a unit; how records of it go wrong; share of the range."""

    name: str
    weight_kg: float
    volume_l: float
    price: float
    record_error: float
    share: float
    hazmat_share: float = 0.0
    bulky_share: float = 0.0


#: Assumptions about an omnichannel retailer; ``record_error`` multiplies the error rates of `stock`.
CATEGORIES: Final = (
    Category("apparel", 0.4, 2.0, 39, 1.5, 0.22),
    Category("shoes", 1.1, 8.0, 69, 1.2, 0.14),
    Category("beauty", 0.25, 0.5, 22, 1.6, 0.14, hazmat_share=0.15),
    Category("electronics", 1.2, 4.0, 149, 0.7, 0.14, hazmat_share=0.20),
    Category("toys", 0.8, 5.0, 29, 1.0, 0.12),
    Category("books", 0.5, 1.0, 17, 0.8, 0.10),
    Category("home", 3.0, 15.0, 59, 0.9, 0.08, bulky_share=0.10),
    Category("garden", 9.0, 45.0, 89, 0.7, 0.06, hazmat_share=0.08, bulky_share=0.45),
)


@dataclass(frozen=True)
class Range:
    """The products. All arrays (skus,); ``popularity`` sums to one, ``record_error`` is a factor around 1."""

    skus: list[str]
    category: list[str]
    weight_kg: FloatArray
    volume_l: FloatArray
    longest_side_cm: FloatArray
    price: FloatArray
    hazmat: NDArray[np.bool_]
    bulky: NDArray[np.bool_]
    popularity: FloatArray
    record_error: FloatArray

    @classmethod
    def draw(cls, count: int, rng: np.random.Generator) -> "Range":
        """Sizes and prices are log-normal around those of the category, popularity is Zipf's (exponent 0.8).

        The longest side is that of a cube of the same volume, and half as much again for most.
        """
        share = np.array([category.share for category in CATEGORIES])
        chosen = rng.choice(len(CATEGORIES), count, p=share / share.sum())
        of = {
            name: np.array([getattr(CATEGORIES[index], name) for index in chosen])
            for name in ("weight_kg", "volume_l", "price", "record_error", "hazmat_share", "bulky_share")
        }
        size = rng.normal(0, 0.5, count)
        bulky = rng.random(count) < of["bulky_share"]
        popularity = rng.permutation(np.arange(1, count + 1) ** -0.8)
        weight_kg = np.round(of["weight_kg"] * np.exp(size + rng.normal(0, 0.3, count)) * np.where(bulky, 1.6, 1), 3)
        volume_l = np.round(of["volume_l"] * np.exp(size + rng.normal(0, 0.3, count)) * np.where(bulky, 2.0, 1), 3)
        return cls(
            skus=[f"SKU-{index:05d}" for index in range(1, count + 1)],
            category=[CATEGORIES[index].name for index in chosen],
            weight_kg=weight_kg,
            volume_l=volume_l,
            longest_side_cm=np.round(10 * np.cbrt(volume_l) * (1 + rng.spawn(1)[0].gamma(4.0, 0.15, count)), 1),
            price=np.maximum(np.round(of["price"] * np.exp(rng.normal(0, 0.5, count))), 2) - 0.1,
            hazmat=rng.random(count) < of["hazmat_share"],
            bulky=bulky,
            popularity=popularity / popularity.sum(),
            record_error=of["record_error"] * np.exp(rng.normal(0, 0.25, count)),
        )

    def table(self) -> pd.DataFrame:
        """The canonical table ``products``."""
        return pd.DataFrame(
            {
                "sku": self.skus,
                "category": self.category,
                "weight_kg": self.weight_kg,
                "volume_l": self.volume_l,
                "longest_side_cm": self.longest_side_cm,
                "hazmat": self.hazmat,
                "bulky": self.bulky,
            }
        )
