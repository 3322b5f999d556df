"""Changing rules while orders flow."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from sqlalchemy import update

from serving import bootstrap
from serving.database.tables import rulesets
from serving.decisions.replay import find_decision, replay
from serving.errors import ConfigurationError
from serving.settings import Settings
from serving.state.kept_network import find_network, keep_network
from serving.wire import examples
from tests.integration.conftest import ON_ONE_DATABASE, Api, running
from tests.integration.orders import open_shop, order
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio

PUBLISH = "/v1/rulesets/home-delivery-italy/publish"


async def test_a_published_ruleset_is_live_at_once_as_the_next_version(api: Api) -> None:
    first = await api.client.post(PUBLISH, json=examples.RULESET)
    assert (first.status_code, first.json()["version"]) == (201, 1), first.text
    changed = {**examples.RULESET, "limits": {"max_parcels": 1}}
    second = await api.client.post(
        PUBLISH, content=yaml.safe_dump(changed), headers={"Content-Type": "application/yaml"}
    )
    assert (second.status_code, second.json()["version"]) == (201, 2), second.text
    live = (await api.client.get("/v1/rulesets")).json()["rulesets"]
    assert [(ruleset["name"], ruleset["version"]) for ruleset in live] == [("home-delivery-italy", 2)]
    assert live[0]["document"] == changed
    assert live[0]["published_by"] == "development"
    assert [ruleset.version for ruleset in api.service.live.snapshot.rulesets] == ["2"]


UNBOUNDED: dict[str, Any] = {
    "strategy": {"missing_line": 1e8},
    "limits": {"max_parcels": 5_000, "allow_partial": True},
    "rules": [
        {"id": "limits.max_parcels", "exclude": "line.hazmat"},
        {"id": "last", "where": "line.bulky", "safety_stock": 2_000_000_000},
    ],
}


async def test_what_was_published_before_there_were_bounds_serves_on_and_is_not_published_again(
    api: Api, tmp_path: Path
) -> None:
    await open_shop(api, W001=5)
    stored = orjson.dumps({"name": "everything", **UNBOUNDED}).decode()
    api.service.database.write_now(lambda connection: connection.execute(update(rulesets).values(document=stored)))

    async with running(api.service.settings) as again:
        decided = (await again.decide(order("A"))).json()
        assert decided["options"][0]["shipments"][0]["location_id"] == "W001"
        logged = find_decision(again.service.database, decided["decision_id"])
        assert replay(again.service.database, logged, TablePredictor()).same
        keep_network(again.service)
        kept = find_network(tmp_path)
        assert kept is not None
        assert [ruleset.strategy.missing_line for ruleset in kept.rulesets] == [1e8]

        refused = await again.client.post("/v1/rulesets/everything/publish", json=UNBOUNDED)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:smista:problem:invalid-ruleset")
        assert [error["field"] for error in refused.json()["errors"]] == [
            "strategy → missing_line",
            "limits → max_parcels",
            "rules → limits.max_parcels → id",
            "rules → last → safety_stock",
        ]


async def test_the_order_of_rulesets_is_that_of_their_first_publication(api: Api) -> None:
    for name in ("zebra", "ant", "zebra"):
        await api.client.post(f"/v1/rulesets/{name}/publish", json={"strategy": {}})
    live = (await api.client.get("/v1/rulesets")).json()["rulesets"]
    assert [ruleset["name"] for ruleset in live] == ["zebra", "ant"]
    assert [ruleset.name for ruleset in api.service.live.snapshot.rulesets] == ["zebra", "ant"]


async def test_a_wrong_rule_is_refused_by_name_and_position_and_what_was_live_stays(api: Api) -> None:
    await api.client.post(PUBLISH, json=examples.RULESET)
    wrong = {**examples.RULESET, "rules": [{"id": "busy-store", "exclude": 'location.typ == "store"'}]}
    refused = await api.client.post(PUBLISH, json=wrong)
    assert refused.status_code == 422
    problem = refused.json()
    assert problem["type"] == "urn:smista:problem:invalid-ruleset"
    assert "busy-store" in problem["detail"]
    assert "line 1" in problem["detail"]
    live = (await api.client.get("/v1/rulesets")).json()["rulesets"]
    assert [ruleset["version"] for ruleset in live] == [1]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"a: [", "application/yaml", 400),
        (b"a: &x [1]\nb: *x", "application/yaml", 422),
        (b"{1: 2, ? [1] : 3}", "application/yaml", 400),
        (b'{"name": "another"}', "application/json", 422),
        (b"name: x", "text/plain", 415),
        (b"rules: [{id: a, exclude: 'true'}]\nrules: []", "application/yaml", 422),
        (b"rules: [{id: a, exclude: 'true', exclude: 'false'}]", "application/yaml", 422),
        (b'{"rules": [{"id": "a", "exclude": "true"}], "rules": []}', "application/json", 422),
        (b"strategy: {late_parcel: 010}", "application/yaml", 422),
        (b"strategy: {late_parcel: 1:30}", "application/yaml", 422),
        (b"rules: " + b"[" * 30_000, "application/yaml", 422),
        (b"rules: " + b"[" * 30_000, "application/json", 400),
        (b'{"rules": ' + b"[" * 1_000 + b"]" * 1_000 + b"}", "application/json", 422),
    ],
)
async def test_what_is_no_ruleset_is_refused(api: Api, content: bytes, media_type: str, status: int) -> None:
    response = await api.client.post(PUBLISH, content=content, headers={"Content-Type": media_type})
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


@ON_ONE_DATABASE
async def test_a_name_that_a_database_cannot_keep_is_refused_and_not_every_order_under_it(api: Api) -> None:
    """An offer keeps the stage that made it, and PostgreSQL keeps no NUL."""
    named = {"rules": [{"id": "a\x00", "exclude": "false"}], "stages": [{"name": "stores\x00"}, {"name": "two\nlines"}]}
    refused = await api.client.post(PUBLISH, json=named)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:smista:problem:invalid-ruleset")
    assert [error["field"] for error in refused.json()["errors"]] == [
        "rules → 0 → id",
        "stages → 0 → name",
        "stages → 1 → name",
    ]


async def test_publishing_twice_with_one_key_publishes_once(api: Api) -> None:
    headers = {"Idempotency-Key": "change-17"}
    first = await api.client.post(PUBLISH, json=examples.RULESET, headers=headers)
    again = await api.client.post(PUBLISH, json=examples.RULESET, headers=headers)
    assert again.content == first.content
    live = (await api.client.get("/v1/rulesets")).json()["rulesets"]
    assert [ruleset["version"] for ruleset in live] == [1]


def test_ruleset_files_are_published_at_start_and_only_when_changed(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "1-home.yaml").write_text(yaml.safe_dump(examples.RULESET))
    settings = Settings(work_folder=tmp_path, rules=rules)

    def live() -> list[tuple[str, str]]:
        service = bootstrap.build(settings, TablePredictor())
        service.database.close()
        return [(ruleset.name, ruleset.version) for ruleset in service.live.snapshot.rulesets]

    assert live() == [("home-delivery-italy", "1")]
    assert live() == [("home-delivery-italy", "1")]
    (rules / "1-home.yaml").write_text(yaml.safe_dump({**examples.RULESET, "strategy": {"late_parcel": 9.0}}))
    (rules / "2-rest.yaml").write_text("name: rest\n")
    assert live() == [("home-delivery-italy", "2"), ("rest", "1")]


def test_a_wrong_ruleset_file_stops_the_start_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("strategy: {}\n")
    with pytest.raises(ConfigurationError, match=r"bad\.yaml: a ruleset is a mapping with a name"):
        bootstrap.build(Settings(work_folder=tmp_path, rules=tmp_path / "bad.yaml"), TablePredictor())
