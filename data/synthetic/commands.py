"""`smista data generate`."""

from pathlib import Path
from typing import Annotated

import typer


def generate(
    out: Annotated[Path, typer.Option(help="Folder for the tables; files of the same names are replaced.")],
    preset: Annotated[str, typer.Option(help="demo, medium or large.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same history.")] = 1,
    truth: Annotated[Path | None, typer.Option(help="Folder for the hidden truth; default: OUT-truth.")] = None,
) -> None:
    """Make up a retailer and write its history, and beside it the truth that no training may read."""
    from rich.console import Console
    from rich.progress import track

    from data.synthetic import generate as synthetic
    from data.synthetic.errors import TruthInsideDatasetError, UnknownPresetError
    from data.synthetic.presets import PRESETS

    hidden = truth or out.with_name(f"{out.name}-truth")
    console = Console(stderr=True)
    try:
        if preset not in PRESETS:
            raise UnknownPresetError(preset)
        days = synthetic.generate(PRESETS[preset], seed, out, hidden)
        for _ in track(
            days, "Generating", total=PRESETS[preset].days, console=console, disable=not console.is_terminal
        ):
            pass
    except (UnknownPresetError, TruthInsideDatasetError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"Wrote the history to {out} and the truth behind it to {hidden}.")
