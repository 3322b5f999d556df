"""The Brunel day: read as published, ruled as the tables say, placed without a violation, checked independently."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks.brunel import write_placements
from benchmarks.brunel_check import violations
from decision.decide import decide
from simulation.brunel.freight import FreightPredictor
from simulation.brunel.joint import choices_of, place_all, place_most, plants_of
from simulation.brunel.network import DAY, network_of, orders_of
from simulation.brunel.online import Placement, brunel_rules, place_online
from simulation.brunel.tables import DECIMALS_OF_KG, Day, read_day
from simulation.errors import TablesMissingError
from tests.shared_data import need_shared_data

#: One order in so many is placed: of every service level, for many customers.
EVERY = 60
Tables: TypeAlias = dict[str, list[dict[str, str]]]
Numbers: TypeAlias = NDArray[np.float64]


@pytest.fixture(scope="module")
def folder() -> Path:
    return need_shared_data("brunel")


@pytest.fixture(scope="module")
def day(folder: Path) -> Day:
    return read_day(folder)


@pytest.fixture(scope="module")
def some(day: Day) -> Day:
    return replace(day, orders=day.orders.iloc[::EVERY].reset_index(drop=True))


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    """The files as the standard library reads them."""
    found: Tables = {}
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


@pytest.fixture(scope="module")
def capacity(day: Day) -> Numbers:
    return np.array([float(day.capacity[plant]) for plant in plants_of(day)])


@pytest.fixture(scope="module")
def placements(some: Day) -> list[Placement | None]:
    return place_online(orders_of(some), network_of(some), brunel_rules(), FreightPredictor(some))


def test_the_day_is_as_large_as_published(day: Day) -> None:
    assert (len(day.orders), len(day.capacity), len(day.unit_cost)) == (9_215, 18, 18)
    assert len(day.rates) == 1_540 - 3  # three rates stand twice in the file
    assert sum(map(len, day.plants.values())) == 2_035
    able = [len(day.plants[product]) for product in day.orders["product"]]
    assert (min(able), max(able)) == (1, 5)
    assert np.mean(np.array(able) > 1) == pytest.approx(0.318, abs=5e-4)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TablesMissingError, match=r"OrderList\.csv is not there"):
        read_day(tmp_path)


def test_units_together_weigh_what_the_file_says_so_that_no_band_is_missed(day: Day) -> None:
    together = [(order.lines[0].weight_kg or 0.0) * order.lines[0].quantity for order in orders_of(day)]
    assert np.round(together, DECIMALS_OF_KG).tolist() == day.orders["weight_kg"].tolist()


def test_rules_leave_the_plants_that_the_tables_leave(tables: Tables, day: Day) -> None:
    """Every plant that some order may use is what a plain reading of the files finds, and at the same cost."""
    rows = np.random.default_rng(7).choice(len(day.orders), 60, replace=False)
    chosen = set(rows.tolist())
    network, predictor = network_of(day), FreightPredictor(day)
    rules = brunel_rules()
    for row, order in enumerate(orders_of(day)):
        if row not in chosen:
            continue
        expected = _by_hand(tables, row)
        found: dict[str, float] = {}
        for option in decide(order, network, (rules,), predictor, DAY, options=1_000).options:
            found.setdefault(option.shipments[0].location_id, option.total)
        assert found == pytest.approx(expected, rel=1e-9)


def _by_hand(tables: Tables, row: int) -> dict[str, float]:
    order = tables["OrderList"][row]
    weight = round(float(order["Weight"]), 9)
    dedicated = {line["Plant Code"] for line in tables["VmiCustomers"]}
    allowed: dict[str, float] = {}
    for place in tables["WhCosts"]:
        plant = place["WH"]
        if {"Plant Code": plant, "Product ID": order["Product ID"]} not in tables["ProductsPerPlant"]:
            continue
        if plant in dedicated and {"Plant Code": plant, "Customers": order["Customer"]} not in tables["VmiCustomers"]:
            continue
        ports = {line["Port"] for line in tables["PlantPorts"] if line["Plant Code"] == plant}
        freight = [
            max(float(rate["minimum cost"]), float(rate["rate"]) * weight)
            for rate in tables["FreightRates"]
            if rate["svc_cd"] == order["Service Level"]
            and rate["orig_port_cd"] in ports
            and float(rate["minm_wgh_qty"]) <= weight <= float(rate["max_wgh_qty"])
        ]
        if order["Service Level"] == "CRF":
            freight = [0.0]
        if freight:
            allowed[plant] = min(freight) + float(place["Cost/unit"]) * int(order["Unit quantity"])
    return allowed


def test_the_joint_model_has_the_choices_that_the_rules_leave(tables: Tables, day: Day) -> None:
    choices = choices_of(day)
    plants = plants_of(day)
    for row in np.random.default_rng(8).choice(len(day.orders), 40, replace=False).tolist():
        mine = choices.order == row
        found = {plants[p]: c for p, c in zip(choices.plant[mine].tolist(), choices.cost[mine].tolist(), strict=True)}
        assert found == pytest.approx(_by_hand(tables, row), rel=1e-12)


def test_placed_one_by_one_breaks_nothing_and_costs_no_less_than_at_once(
    folder: Path,
    some: Day,
    capacity: Numbers,
    tmp_path: Path,
    placements: list[Placement | None],
) -> None:
    write_placements(placements, tmp_path / "placements.csv")
    assert violations(folder, tmp_path / "placements.csv") == []
    placed = np.array([row for row, placement in enumerate(placements) if placement is not None], np.intp)
    online = sum(placement.cost for placement in placements if placement is not None)
    best = place_all(choices_of(some).of(placed), capacity)
    assert len(best.plant) == len(placed)
    assert 1 - 1e-9 <= online / best.total < 1.01


def test_a_full_plant_is_given_no_more(some: Day) -> None:
    tight = replace(some, capacity=dict.fromkeys(some.capacity, 3))
    placements = place_online(orders_of(tight), network_of(tight), brunel_rules(), FreightPredictor(tight))
    given = pd.Series([placement.plant for placement in placements if placement is not None]).value_counts()
    assert given.max() == 3
    assert None in placements


def test_at_once_as_many_as_possible_are_placed(some: Day) -> None:

    capacity = np.full(len(some.capacity), 2.0)
    choices = choices_of(some)
    best = place_most(choices, capacity)
    used = np.bincount(list(best.plant.values()), minlength=len(capacity))
    assert (used <= 2).all()
    # No order that was left out could still go somewhere.
    for order, plant in zip(choices.order.tolist(), choices.plant.tolist(), strict=True):
        assert order in best.plant or used[plant] == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"order_id": "0"}, "is not in the file"),
        ({"plant": "PLANT18"}, "may not hold product"),
        ({"plant": "PLANT06"}, "does not serve customer"),
        ({"level": "DTD"}, "asks for"),
        ({"port": "PORT11"}, "does not send through PORT11"),
        ({"cost": "1.0"}, "costs"),
    ],
)
def test_the_check_finds_what_is_planted(
    folder: Path, tmp_path: Path, placements: list[Placement | None], change: dict[str, str], said: str
) -> None:
    write_placements(placements, tmp_path / "placements.csv")
    table = pd.read_csv(tmp_path / "placements.csv", dtype=str)
    row = table.index[table["level"] == "DTP"][0]
    for column, value in change.items():
        table.loc[row, column] = value
    table.to_csv(tmp_path / "placements.csv", index=False)
    assert any(said in problem for problem in violations(folder, tmp_path / "placements.csv"))


def test_the_check_finds_an_order_placed_twice_and_a_plant_with_too_many(
    folder: Path, tmp_path: Path, placements: list[Placement | None]
) -> None:
    write_placements(list(placements) * 12, tmp_path / "placements.csv")
    found = violations(folder, tmp_path / "placements.csv")
    assert any("placed twice" in problem for problem in found)
    assert any("more than it can process" in problem for problem in found)
