"""Whether placements of the Brunel day break a rule: an independent reading of the published tables.

This file shares no code with the rest of the project, on purpose. It reads the tables with the standard library, and a
CSV of placements with the columns ``order_id, plant, carrier, port, level, mode, days, cost`` (``carrier`` and ``port``
are empty for freight that the customer arranges)::

    python -m benchmarks.brunel_check ../shared/data/brunel placements.csv

It prints each violation, and exits with 1 if there is one.
"""

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

#: Relative: placements are written with all their digits, and summed in another order.
TOLERANCE = 1e-9


def violations(folder: Path, placements: Path) -> list[str]:
    """Return what is wrong with the placements, one sentence each."""
    orders = {row["Order ID"]: row for row in _rows(folder, "OrderList")}
    ports = _pairs(folder, "PlantPorts", "Plant Code", "Port")
    products = _pairs(folder, "ProductsPerPlant", "Plant Code", "Product ID")
    customers = _pairs(folder, "VmiCustomers", "Plant Code", "Customers")
    capacity = {row["Plant ID"]: int(row["Daily Capacity"]) for row in _rows(folder, "WhCapacities")}
    unit_cost = {row["WH"]: float(row["Cost/unit"]) for row in _rows(folder, "WhCosts")}
    rates = defaultdict(list)
    for row in _rows(folder, "FreightRates"):
        lane = tuple(row[name] for name in ("Carrier", "orig_port_cd", "svc_cd", "mode_dsc", "tpt_day_cnt"))
        rates[lane].append([float(row[x]) for x in ("minm_wgh_qty", "max_wgh_qty", "minimum cost", "rate")])
    found, seen, load = [], set(), Counter[str]()
    with placements.open(newline="", encoding="utf-8") as file:
        placed = list(csv.DictReader(file))
    for row in placed:
        name, plant = row["order_id"], row["plant"]
        load[plant] += 1
        if name not in orders:
            found.append(f"order {name} is not in the file")
            continue
        if name in seen:
            found.append(f"order {name} is placed twice")
        seen.add(name)
        order = orders[name]
        if order["Product ID"] not in products[plant]:
            found.append(f"order {name}: {plant} may not hold product {order['Product ID']}")
        if plant in customers and order["Customer"] not in customers[plant]:
            found.append(f"order {name}: {plant} does not serve customer {order['Customer']}")
        if row["level"] != order["Service Level"]:
            found.append(f"order {name} asks for {order['Service Level']}, not {row['level']}")
        weight, freight = round(float(order["Weight"]), 9), 0.0  # 13.500000000000002 means 13.5
        if row["level"] != "CRF":
            if row["port"] not in ports[plant]:
                found.append(f"order {name}: {plant} does not send through {row['port']}")
            lane = tuple(row[x] for x in ("carrier", "port", "level", "mode", "days"))
            fitting = [max(least, rate * weight) for low, high, least, rate in rates[lane] if low <= weight <= high]
            if not fitting:
                found.append(f"order {name}: no weight band of {'/'.join(lane)} holds {weight} kg")
                continue
            freight = min(fitting)
        cost = unit_cost[plant] * int(order["Unit quantity"]) + freight
        if abs(float(row["cost"]) - cost) > TOLERANCE * max(1.0, cost):
            found.append(f"order {name} costs {cost} at {plant}, not {row['cost']}")
    found += [
        f"{plant} is given {orders_} orders, {orders_ - capacity[plant]} more than it can process"
        for plant, orders_ in sorted(load.items())
        if orders_ > capacity[plant]
    ]
    return found


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return [{name.strip(): value.strip() for name, value in row.items()} for row in csv.DictReader(file)]


def _pairs(folder: Path, table: str, key: str, value: str) -> defaultdict[str, set[str]]:
    pairs: defaultdict[str, set[str]] = defaultdict(set)
    for row in _rows(folder, table):
        pairs[row[key]].add(row[value])
    return pairs


if __name__ == "__main__":
    problems = violations(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write("".join(f"{problem}\n" for problem in problems) + f"{len(problems)} violations\n")
    raise SystemExit(bool(problems))
