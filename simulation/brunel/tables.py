"""The published tables of the day, read as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from simulation.errors import TablesMissingError

#: What a freight service is, whatever the parcel weighs.
LANE = ("carrier", "port", "level", "mode", "days")
#: The service level of freight that the customer arranges.
CUSTOMER_ARRANGED = "CRF"
#: Weights are read so exactly: a file that says 13.500000000000002 kg means 13.5, which is a band's end.
DECIMALS_OF_KG = 9


@dataclass(frozen=True)
class Day:
    """Orders of one day and the network that may fulfil them.

    ``orders``, in file order: ``order_id, customer, product, level, units, weight_kg``. ``rates``: ``lane`` (its parts
    in `LANE`, joined) and these parts, the weight band ``from_kg`` to ``to_kg`` with both ends in it, ``minimum`` money
    and money ``per_kg``. By plant: its ``ports``, the ``customers`` it is dedicated to (all others serve anyone), its
    ``capacity`` in orders per day and ``unit_cost``. By product: the ``plants`` that may hold it.
    """

    orders: pd.DataFrame
    rates: pd.DataFrame
    ports: Mapping[str, frozenset[str]]
    customers: Mapping[str, frozenset[str]]
    plants: Mapping[str, frozenset[str]]
    capacity: Mapping[str, int]
    unit_cost: Mapping[str, float]


def read_day(folder: Path) -> Day:
    """Read the seven tables in ``folder``.

    Raises `simulation.errors.TablesMissingError` naming the file that is not there.
    """
    orders = _read(folder, "OrderList").rename(columns=_ORDER)[list(_ORDER.values())]
    orders["weight_kg"] = orders["weight_kg"].astype(float).round(DECIMALS_OF_KG)
    rates = _read(folder, "FreightRates").rename(columns=_RATE)[list(_RATE.values())].drop_duplicates()
    rates["mode"] = rates["mode"].str.strip()
    rates["lane"] = rates[list(LANE)].agg("/".join, axis=1)
    capacity, costs = _read(folder, "WhCapacities"), _read(folder, "WhCosts")
    return Day(
        orders.astype({"units": int}),
        rates.astype(dict.fromkeys(("from_kg", "to_kg", "minimum", "per_kg"), float)).reset_index(drop=True),
        _sets(_read(folder, "PlantPorts"), "Plant Code", "Port"),
        _sets(_read(folder, "VmiCustomers"), "Plant Code", "Customers"),
        _sets(_read(folder, "ProductsPerPlant"), "Product ID", "Plant Code"),
        dict(zip(capacity["Plant ID"], capacity["Daily Capacity"].astype(int), strict=True)),
        dict(zip(costs["WH"], costs["Cost/unit"].astype(float), strict=True)),
    )


_ORDER = {
    "Order ID": "order_id",
    "Customer": "customer",
    "Product ID": "product",
    "Service Level": "level",
    "Unit quantity": "units",
    "Weight": "weight_kg",
}
_RATE = {
    "Carrier": "carrier",
    "orig_port_cd": "port",
    "svc_cd": "level",
    "mode_dsc": "mode",
    "tpt_day_cnt": "days",
    "minm_wgh_qty": "from_kg",
    "max_wgh_qty": "to_kg",
    "minimum cost": "minimum",
    "rate": "per_kg",
}


def _read(folder: Path, table: str) -> pd.DataFrame:
    path = folder / f"{table}.csv"
    if not path.is_file():
        raise TablesMissingError(f"{path} is not there; the tables are published as figshare 7558679")
    rows = pd.read_csv(path, dtype=str)
    return rows.rename(columns=str.strip)


def _sets(pairs: pd.DataFrame, key: str, value: str) -> dict[str, frozenset[str]]:
    return {str(name): frozenset(values) for name, values in pairs.groupby(key)[value]}
