"""`smista data generate`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

PresetName = Literal["demo", "medium", "large"]


def generate(
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for the tables; files of the same names are replaced.")
    ],
    preset: Annotated[PresetName, typer.Option(help="How large a history.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same history.")] = 1,
    truth: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for the hidden truth.", show_default="OUT-truth")
    ] = None,
) -> None:
    """Make up a retailer and write its history, and beside it the truth that no training may read.

    Where it is interrupted both folders stay as they were. Exits 1 when a folder cannot be written.
    """
    from contextlib import closing

    from rich.console import Console
    from rich.progress import track

    from data.synthetic import generate as synthetic
    from data.synthetic.errors import TruthInsideDatasetError
    from data.synthetic.presets import PRESETS

    hidden = truth or _beside(out)
    console = Console(stderr=True)
    try:
        total, quiet = PRESETS[preset].days, not console.is_terminal
        with closing(synthetic.generate(PRESETS[preset], seed, out, hidden)) as days:
            for _ in track(days, "Generating", total=total, console=console, disable=quiet):
                pass
    except TruthInsideDatasetError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Wrote the history to {out} and the truth behind it to {hidden}.")


def _beside(out: Path) -> Path:
    # The folder in which one is has no name before it is resolved.
    named = out if out.name not in {"", ".."} else out.resolve()
    return named.parent / f"{named.name}-truth"
