"""The story that Smista exists for, told by a running service with models trained on a history."""

import json
import socket
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import demo
from data.dataset import Dataset
from tests.made_once import made_once


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def scene(retailer: Dataset) -> demo.Scene:
    """Three stores, one with one of two items, two with both."""
    return demo.choose_scene(retailer)


@pytest.fixture(scope="module")
def story(
    retailer: Dataset, scene: demo.Scene, bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The whole story, over HTTP: what was answered, and what was printed meanwhile."""

    def make(folder: Path) -> None:
        said: list[str] = []
        with demo.serving(bundle_folder, folder, free_port()) as client:
            demo.feed(client, retailer, scene, datetime.now(UTC))
            told = demo.tell(client, scene, lambda words: said.append(str(words)))
        (folder / "story.json").write_text(json.dumps({"told": asdict(told), "said": said}))

    story: dict[str, Any] = json.loads((made_once("story", make, tmp_path_factory) / "story.json").read_text())
    return story


@pytest.fixture
def told(story: dict[str, Any]) -> demo.Told:
    """What was answered."""
    return demo.Told(**story["told"])


def senders(option: demo.Answer) -> set[str]:
    """The locations that send a plan's shipments."""
    return {shipment["location_id"] for shipment in option["shipments"]}


def test_smista_picks_the_nearest_store_that_has_both(told: demo.Told, scene: demo.Scene) -> None:
    best = told.before["options"][0]
    assert senders(best) == {scene.has_both}
    assert [line["line_id"] for line in best["shipments"][0]["lines"]] == ["1", "2"]


def test_it_says_why_one_parcel_cost_date_and_risk(told: demo.Told) -> None:
    why = told.before["options"][0]["explanation"]
    assert why.startswith("One parcel from ")
    assert "EUR in all" in why
    assert "expected" in why
    assert "in time" in why


def test_it_lists_the_alternatives_with_what_each_costs_more(told: demo.Told, scene: demo.Scene) -> None:
    options = told.before["options"]
    differences = [option["difference"] for option in options]
    assert differences[0] == 0.0
    assert differences == sorted(differences)
    assert any(senders(option) == {scene.has_one, scene.has_both} for option in options)
    assert all(
        option["difference"] == pytest.approx(option["total"] - options[0]["total"], abs=1e-9) for option in options
    )


def test_it_names_the_rule_that_excluded_the_store_with_too_many_visitors(told: demo.Told, scene: demo.Scene) -> None:
    (excluded,) = [row for row in told.before["excluded"] if row["location_id"] == scene.crowded]
    assert excluded["rule_id"] == "busy-store"
    assert all(scene.crowded not in senders(option) for option in told.before["options"])


def test_the_warehouses_which_have_neither_send_nothing(told: demo.Told, scene: demo.Scene) -> None:
    assert not any(senders(option) & set(scene.warehouses) for option in told.before["options"])


def test_with_free_parcels_and_dear_lateness_another_plan_wins_and_it_says_which_price_did_it(told: demo.Told) -> None:
    before, after = told.before["options"][0], told.after["options"][0]
    services = [[shipment["carrier_service_id"] for shipment in plan["shipments"]] for plan in (before, after)]
    assert services[0] != services[1]
    assert "the price late_parcel went from 6.00 to 120.00" in told.why
    assert after["shipments"][0]["delivery"]["p_late"] < before["shipments"][0]["delivery"]["p_late"]


def test_the_demo_prints_it(told: demo.Told, story: dict[str, Any], scene: demo.Scene) -> None:
    said = "\n".join(story["said"])
    assert told.why in said
    assert f"{scene.crowded} was excluded by busy-store" in said
    assert "more" in said
