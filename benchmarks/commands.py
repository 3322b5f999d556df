"""`smista bench …`: figures beside their peers."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.report import Report

app = typer.Typer(help="Measure figures beside their peers, in one run.", no_args_is_help=True)

#: Beside the checkout.
SHARED_OLIST = Path(__file__).parents[2] / "shared" / "data" / "olist"

Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same trees and the same orders.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")]


@app.command()
def decide(seed: Seed = 1, as_json: Json = False) -> None:
    """Time each phase of a decision, beside bare inference of the same rows."""
    _print(_decide(seed), as_json=as_json)


def _decide(seed: int) -> "Report":
    from benchmarks.decide import measure_decide

    return measure_decide(seed)


def _print(report: "Report", *, as_json: bool) -> None:
    from rich.console import Console

    from benchmarks.report import show, to_json

    if as_json:
        typer.echo(to_json(report))
    else:
        show(report, Console())
