"""`smista data generate`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

PresetName = Literal["demo", "medium", "large"]


def generate(
    out: Annotated[Path, typer.Option(help="Folder for the tables; files of the same names are replaced.")],
    preset: Annotated[PresetName, typer.Option(help="How large a history.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same history.")] = 1,
    truth: Annotated[Path | None, typer.Option(help="Folder for the hidden truth.", show_default="OUT-truth")] = None,
) -> None:
    """Make up a retailer and write its history, and beside it the truth that no training may read."""
    from rich.console import Console
    from rich.progress import track

    from data.synthetic import generate as synthetic
    from data.synthetic.errors import TruthInsideDatasetError
    from data.synthetic.presets import PRESETS

    hidden = truth or out.with_name(f"{out.name}-truth")
    console = Console(stderr=True)
    try:
        days = synthetic.generate(PRESETS[preset], seed, out, hidden)
        total, quiet = PRESETS[preset].days, not console.is_terminal
        for _ in track(days, "Generating", total=total, console=console, disable=quiet):
            pass
    except TruthInsideDatasetError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"Wrote the history to {out} and the truth behind it to {hidden}.")
