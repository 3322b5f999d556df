"""The demo: a retailer is made up, models are trained on its history, and a service answers an order.

`tell` is the story itself. It only talks to a running service, as a checkout and its operations would.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pandas as pd
from rich.console import Console

from data.dataset import Dataset, load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import PRESETS
from features.geography import haversine_km
from training.train import train

SEED: Final = 7
WORK_FOLDER: Final = Path(".smista") / "demo"
#: What a crowded store counts in an hour, and what it counted in the same hour of the weeks before.
CROWD, ORDINARY = 1_000.0, 40.0
_ROOT: Final = Path(__file__).parent

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """Where the story plays: who orders what, and which stores have it."""

    destination: Mapping[str, Any]
    first_sku: str
    second_sku: str
    #: The nearest store, which has only the first item.
    has_one: str
    #: The next one, which has both.
    has_both: str
    #: The third one, which has both and too many visitors.
    crowded: str
    warehouses: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What the service answered: when asked for a date, to the order, and after the strategy was changed."""

    first: Answer
    before: Answer
    after: Answer
    why: str


def run(*, keep_serving: bool, port: int) -> None:
    """Play the whole demo; with ``keep_serving``, leave the service running until it is interrupted."""
    require_free(port)
    console = Console()
    folder = WORK_FOLDER / "data"
    console.rule("A year of a made-up retailer")
    first_day = datetime.now(UTC).date() - timedelta(days=PRESETS["demo"].days)
    for _ in generate(replace(PRESETS["demo"], first_day=first_day), SEED, folder, WORK_FOLDER / "truth"):
        pass
    dataset = load_dataset(folder)
    console.print(f"{len(dataset.orders):,} orders, {len(dataset.fulfilments):,} attempts to fulfil them: {folder}")

    console.rule("Training")
    done = train(
        dataset,
        WORK_FOLDER / "bundle",
        name="smista-demo",
        as_of=None,
        seed=SEED,
        tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"),
        work_folder=WORK_FOLDER.parent,
        progress=lambda head, position, all_: console.print(f"fitting {head} ({position + 1} of {all_})"),
    )
    console.print(
        f"{done.version} is in {done.folder}. In the last four weeks whose outcomes are known, its P10 to P90 held "
        f"{done.figures['delivery_hours_coverage']:.0%} of the deliveries (80 % would be exact)."
    )

    console.rule("Serving")
    with serving(done.folder, WORK_FOLDER, port) as client:
        scene = choose_scene(dataset)
        feed(client, dataset, scene, datetime.now(UTC))
        tell(client, scene, console.print)
        if keep_serving:
            console.rule("Your turn")
            console.print(f"The service runs at {client.base_url} — every call, with examples: {client.base_url}/docs")
            console.print(f"Its API key is in {WORK_FOLDER / 'api-key'}. Ctrl-C ends it.")
            wait_for_interrupt()


def wait_for_interrupt() -> None:
    """Sleep until Ctrl-C."""
    import signal  # noqa: PLC0415 - not there on every platform, and only needed here

    try:
        signal.pause()
    except KeyboardInterrupt:
        return


@contextmanager
def serving(bundle: Path, work_folder: Path, port: int) -> Iterator[httpx.Client]:
    """Run the service on ``bundle`` and yield a client that holds its key. The service ends with the block."""
    require_free(port)
    (work_folder / "smista.db").unlink(missing_ok=True)
    with (work_folder / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "smista", "serve", "--bundle", str(bundle.resolve()), "--port", str(port)],
            cwd=_ROOT,
            env={**os.environ, "SMISTA_WORK_FOLDER": str(work_folder.resolve())},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        # Connecting is tried again, with growing pauses, until the service listens.
        transport = httpx.HTTPTransport(retries=14)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            client.get("/healthz").raise_for_status()
            key = (work_folder / "api-key").read_text(encoding="utf-8").strip()
            client.headers["Authorization"] = f"Bearer {key}"
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def require_free(port: int) -> None:
    """End the demo with a sentence if something listens on the port already."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(f"Port {port} is in use: stop what listens there, or choose another with --port.")


def choose_scene(dataset: Dataset) -> Scene:
    """Put the customer where three stores are closest together, and take two ordinary products."""
    stores = dataset.locations[dataset.locations["location_type"] == "store"].reset_index(drop=True)
    latitude, longitude = stores["latitude"].to_numpy(), stores["longitude"].to_numpy()
    distances = np.sort(haversine_km(latitude[:, None], longitude[:, None], latitude, longitude), axis=1)
    home = stores.iloc[int(np.argmin(distances[:, 2]))]
    near = stores.iloc[
        np.argsort(haversine_km(home["latitude"], home["longitude"], latitude, longitude), kind="stable")
    ]["location_id"].tolist()
    plain = dataset.products[~dataset.products["hazmat"] & ~dataset.products["bulky"]]
    stocked = plain[plain["sku"].isin(dataset.stock["sku"])].sort_values("weight_kg")["sku"].tolist()
    return Scene(
        destination={
            name: str(home[name]) if isinstance(home[name], str) else float(home[name])
            for name in ("country", "region", "postal_code", "latitude", "longitude")
        },
        first_sku=stocked[0],
        second_sku=stocked[1],
        has_one=near[0],
        has_both=near[1],
        crowded=near[2],
        warehouses=tuple(dataset.locations[dataset.locations["location_type"] == "warehouse"]["location_id"]),
    )


def feed(client: httpx.Client, dataset: Dataset, scene: Scene, now: datetime) -> None:
    """Feed the network, the newest stock records, the stock of the story and the crowd in one store."""
    for call, table in (
        ("locations", dataset.locations),
        ("products", dataset.products),
        ("carrier-services", dataset.carrier_services),
    ):
        put(client, call, rows_of(table))
    put(client, "stock", rows_of(dataset.stock.sort_values("counted_at").groupby(["location_id", "sku"]).tail(1)))
    put(client, "stock", story_stock(dataset, scene, now))
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    weeks = [(hour - timedelta(weeks=back), CROWD if back == 0 else ORDINARY) for back in range(9)]
    put(
        client,
        "footfall",
        [{"location_id": scene.crowded, "hour_utc": then.isoformat(), "visitors": count} for then, count in weeks],
    )


def story_stock(dataset: Dataset, scene: Scene, now: datetime) -> list[dict[str, Any]]:
    """The two items: nowhere but in the three stores."""
    units = {
        (scene.has_one, scene.first_sku): 6,
        (scene.has_both, scene.first_sku): 6,
        (scene.has_both, scene.second_sku): 6,
        (scene.crowded, scene.first_sku): 6,
        (scene.crowded, scene.second_sku): 6,
    }
    return [
        {
            "location_id": location_id,
            "sku": sku,
            "counted_at": now.isoformat(),
            "on_hand": units.get((location_id, sku), 0),
        }
        for location_id in dataset.locations["location_id"]
        for sku in (scene.first_sku, scene.second_sku)
    ]


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as a feed takes them."""
    text = table.astype(object).where(table.notna(), None)
    return [
        {str(name): value.isoformat() if isinstance(value, pd.Timestamp) else value for name, value in row.items()}
        for row in text.to_dict("records")
    ]


def put(client: httpx.Client, call: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Feed rows; a row that is not taken ends the demo."""
    answer = client.put(f"/v1/{call}", json=list(rows))
    answer.raise_for_status()
    if answer.json()["rejected"]:
        raise RuntimeError(f"PUT /v1/{call} rejected {answer.json()['rejected'][:3]}")


def tell(client: httpx.Client, scene: Scene, say: Callable[[Any], None]) -> Told:
    """Tell the story and return the service's answers."""
    say(
        f"Two items are ordered online. The warehouses ({', '.join(scene.warehouses)}) have neither. "
        f"{scene.has_one} has one of them, {scene.has_both} and {scene.crowded} have both."
    )
    order = {
        "order_id": "W-1001",
        "placed_at": datetime.now(UTC).isoformat(),
        "channel": "web",
        "currency": "EUR",
        "delivery_method": "home",
        "destination": scene.destination,
        "lines": [
            {"line_id": "1", "sku": scene.first_sku, "quantity": 1, "unit_price": 49.9},
            {"line_id": "2", "sku": scene.second_sku, "quantity": 1, "unit_price": 19.9},
        ],
        "options": 20,
    }
    first = decide(client, order)
    likely_by = max(shipment["delivery"]["p90_at"] for shipment in first["options"][0]["shipments"])
    promised_day = likely_by[:10]
    say(f"The customer is promised the day that nine of ten such parcels keep: {promised_day}.")
    order["promised_at"] = f"{promised_day}T23:59:59Z"
    before = decide(client, order)
    show(before, say)

    say("\nOperations change the strategy: parcels are free, lateness is dear.")
    ruleset = change_strategy(client, extra_parcel=0.0, late_parcel=120.0, late_day=40.0)
    after = decide(client, order)
    show(after, say)
    changes = client.get(f"/v1/decisions/{after['decision_id']}/changes", params={"since": before["decision_id"]})
    changes.raise_for_status()
    why: str = changes.json()["text"]
    say(f"Why another plan wins under {ruleset}: {why}")
    return Told(first, before, after, why)


def decide(client: httpx.Client, order: Mapping[str, Any]) -> Answer:
    """Ask for a decision."""
    answer = client.post("/v1/decisions", json=order)
    answer.raise_for_status()
    decided: Answer = answer.json()
    return decided


def change_strategy(client: httpx.Client, **prices: float) -> str:
    """Publish the default ruleset with other prices; return its name and version."""
    import yaml  # noqa: PLC0415 - only this step reads YAML

    document = yaml.safe_load(files("decision").joinpath("rulesets/default.yaml").read_text(encoding="utf-8"))
    document["strategy"] |= prices
    answer = client.post(f"/v1/rulesets/{document['name']}/publish", json=document)
    answer.raise_for_status()
    return f"{document['name']}@{answer.json()['version']}"


def show(decision: Answer, say: Callable[[Any], None]) -> None:
    """Say why the best plan is best, list what the others cost more, and who was excluded by which rule."""
    best = decision["options"][0]
    say(f"\n{best['explanation']}")
    for option in decision["options"][1:6]:
        say(f"  {option['rank']}. {plan_in_words(option)}: {option['difference']:.2f} more")
    for exclusion in decision["excluded"]:
        say(f"{exclusion['location_id']} was excluded by {exclusion['rule_id']}: {exclusion['reason']}.")
    for rule in decision["binding_rules"]:
        say(f"Without {rule['rule_id']} the best plan would cost {rule['price']:.2f} less.")


def plan_in_words(option: Mapping[str, Any]) -> str:
    """Who sends what by which service, when it has arrived nine times in ten, and the risks."""
    shipments = option["shipments"]
    sent = " + ".join(f"{s['location_id']} by {s['carrier_service_id']}" for s in shipments)
    by = max(s["delivery"]["p90_at"] for s in shipments)[:16].replace("T", " ")
    failed = 1 - np.prod([1 - s["pick_failure"] for s in shipments])
    late = max(s["delivery"]["p_late"] or 0.0 for s in shipments)
    return f"{sent}, {option['total']:.2f} in all, there by {by}, late {late:.0%}, failed pick {failed:.1%}"
