"""`smista bench …`: figures beside their peers."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from benchmarks.report import Report

app = typer.Typer(help="Measure figures beside their peers, in one run.", no_args_is_help=True)

#: Beside the checkout.
OLIST_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "olist"

BRUNEL_FOLDER = OLIST_FOLDER.parent / "brunel"

Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same trees and the same orders.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")]
Raw = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of the published Olist files.", show_default="../shared/data/olist")
]

Preset = Annotated[Literal["demo", "medium", "large"], typer.Option(help="How large a retailer.")]


@app.command()
def olist(raw: Raw = OLIST_FOLDER, seed: Seed = 1, as_json: Json = False) -> None:
    """Predict May and June 2018 of the Olist history as of 1 May, beside promises, medians and plain LightGBM."""
    _print(lambda: _olist(raw, seed), as_json=as_json)


@app.command()
def synthetic(preset: Preset = "demo", seed: Seed = 1, as_json: Json = False) -> None:
    """Train on a synthetic retailer and compare its last eight weeks with the truth behind them."""
    _print(lambda: _synthetic(preset, seed), as_json=as_json)


@app.command()
def decide(seed: Seed = 1, as_json: Json = False) -> None:
    """Time each phase of a decision, beside bare inference of the same rows."""
    _print(lambda: _decide(seed), as_json=as_json)


@app.command()
def rules(seed: Seed = 1, as_json: Json = False) -> None:
    """Evaluate thirty rules on 500 candidates, beside ZEN and CEL in Rust."""
    _print(lambda: _rules(seed), as_json=as_json)


Brunel = Annotated[
    Path,
    typer.Option("--raw", metavar="DIR", help="Folder of the Brunel tables.", show_default="../shared/data/brunel"),
]


@app.command()
def brunel(raw: Brunel = BRUNEL_FOLDER, seed: Seed = 1, as_json: Json = False) -> None:
    """Decide the 9,215 orders of a real day one by one, beside the assignment of the whole day at once."""
    _print(lambda: _brunel(raw, seed), as_json=as_json)


@app.command()
def plans(seed: Seed = 1, as_json: Json = False) -> None:
    """Rank the five best plans of an order, beside one optimum by HiGHS."""
    _print(lambda: _plans(seed), as_json=as_json)


Postgres = Annotated[
    str,
    typer.Option(metavar="URL", envvar="SMISTA_TEST_POSTGRES_URL", help="Server on which databases may be made."),
]
_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


@app.command()
def feeds(
    rows: Annotated[int, typer.Option(min=1_000, help="Stock rows, over 50 locations.")] = 200_000,
    repeats: Annotated[int, typer.Option(min=1, help="Medians are over so many.")] = 3,
    postgres: Postgres = _POSTGRES,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Feed stock rows, beside raw COPY (PostgreSQL) and executemany (SQLite) of the same rows."""
    _print(lambda: _feeds(rows, repeats, seed, postgres), as_json=as_json)


@app.command()
def orders(
    small: Annotated[int, typer.Option(min=5_000, help="Stock rows of the one service, over 50 locations.")] = 10_000,
    large: Annotated[int, typer.Option(min=5_000, help="Stock rows of the other.")] = 1_000_000,
    count: Annotated[int, typer.Option("--orders", min=20, help="Orders placed on each.")] = 300,
    postgres: Postgres = _POSTGRES,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Place orders over HTTP, with little stock and with much."""
    _print(lambda: _orders(small, large, count, seed, postgres), as_json=as_json)


@app.command()
def promises(raw: Raw = OLIST_FOLDER, preset: Preset = "demo", seed: Seed = 1, as_json: Json = False) -> None:
    """How fast promises are; dates promised in the past: kept as stated, earlier than published ones and tables."""
    _print(lambda: _promises(raw, preset, seed), as_json=as_json)


@app.command("all")
def every(
    raw: Raw = OLIST_FOLDER,
    brunel_raw: Annotated[Path, typer.Option("--brunel", metavar="DIR", show_default=False)] = BRUNEL_FOLDER,
    postgres: Postgres = _POSTGRES,
    preset: Preset = "demo",
    seed: Seed = 1,
) -> None:
    """Run every benchmark, feeds and orders on fewer rows; those that need files from outside come last."""
    for measure in (
        lambda: _decide(seed),
        lambda: _rules(seed),
        lambda: _plans(seed),
        lambda: _synthetic(preset, seed),
        lambda: _feeds(100_000, 1, seed, postgres),
        lambda: _orders(10_000, 300_000, 200, seed, postgres),
        lambda: _brunel(brunel_raw, seed),
        lambda: _olist(raw, seed),
        lambda: _promises(raw, preset, seed),
    ):
        _print(measure, as_json=False)


def _olist(raw: Path, seed: int) -> "Report":
    from benchmarks.olist import measure_olist

    return measure_olist(raw, seed, _tell)


def _synthetic(preset: str, seed: int) -> "Report":
    from benchmarks.synthetic import measure_synthetic

    return measure_synthetic(preset, seed, _tell)


def _promises(raw: Path, preset: str, seed: int) -> "Report":
    from benchmarks.promise_dates import measure_promise_dates
    from benchmarks.promises import measure_promises
    from benchmarks.report import Report

    # What needs files from outside begins: their absence is told before anything takes minutes.
    dates = measure_promise_dates(raw, preset, seed, _tell)
    figures = [*measure_promises(seed), *dates]
    return Report("Promises: lines x locations, milliseconds of one core; dates kept, beside other ways", figures, seed)


def _decide(seed: int) -> "Report":
    from benchmarks.decide import measure_decide

    return measure_decide(seed)


def _rules(seed: int) -> "Report":
    from benchmarks.rules import measure_rules

    return measure_rules(seed)


def _brunel(raw: Path, seed: int) -> "Report":
    from benchmarks.brunel import measure_brunel

    return measure_brunel(raw, seed, _count)


def _count(done: int) -> None:
    if done % 1_000 == 0:
        typer.echo(f"{done:,} orders decided", err=True)


def _plans(seed: int) -> "Report":
    from benchmarks.plans import measure_plans

    return measure_plans(seed)


def _feeds(rows: int, repeats: int, seed: int, postgres: str) -> "Report":
    from benchmarks.feeds import measure_feeds

    return measure_feeds(rows, repeats, seed, postgres)


def _orders(small: int, large: int, orders: int, seed: int, postgres: str) -> "Report":
    from benchmarks.orders import measure_orders

    return measure_orders(small, large, orders, seed, postgres)


def _tell(head: str, done: int, all_: int) -> None:
    typer.echo(f"[{done + 1}/{all_}] fitting {head}", err=True)


def _print(measure: Callable[[], "Report"], *, as_json: bool) -> None:
    from rich.console import Console

    from benchmarks.errors import BenchmarkError
    from benchmarks.report import show, to_json

    try:
        report = measure()
    except BenchmarkError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(to_json(report))
    else:
        # Where nobody says how wide it is, a file is as wide as the table.
        console = Console()
        show(report, console if console.is_terminal else Console(width=120))
