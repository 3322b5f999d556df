"""`smista train`, `smista backtest` and `smista mlflow`."""

import json
import os
import re
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.dataset import Dataset
    from training.trained import Progress

WORK_FOLDER = Path(".smista")

DataFolder = Annotated[Path, typer.Option("--data", help="Folder of the dataset.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed gives the same trees.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(train)
    app.command()(backtest)
    app.command()(mlflow)


def train(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Folder of the bundle; replaced.")] = WORK_FOLDER / "bundle",
    as_of: Annotated[
        datetime | None, typer.Option(help="Use only what was known then (UTC). Default: everything.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the registered model.")] = "smista",
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Train the heads on a history, measure them, and write and register the bundle."""
    from training.errors import TrainingError
    from training.train import train as run

    if not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise typer.BadParameter(f"--name is made of letters, digits, and . _ - and not {name!r}")
    dataset = _load(data)
    try:
        with _progress() as progress:
            done = run(
                dataset,
                out,
                name=name,
                as_of=None if as_of is None else _instant(as_of),
                seed=seed,
                tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"),
                work_folder=WORK_FOLDER,
                progress=progress,
            )
    except (TrainingError, OSError) as error:
        _fail(str(error))
    if as_json:
        typer.echo(json.dumps({"version": done.version, "alias": done.alias, "figures": done.figures}))
        return
    typer.echo(f"{done.version} ({done.alias}), trained as of {done.as_of}, is in {done.folder}")
    _print_figures(done.figures)


def backtest(
    data: DataFolder,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day to predict.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day to predict.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Parquet file to write.")],
    retrain: Annotated[str, typer.Option(help="never, monthly or weekly.")] = "never",
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Predict every attempt decided from one day to another, as it would have been predicted then.

    Days are those of the time zone in which most attempts were made. The heads are trained as of the first day;
    trailing statistics and calibration follow the outcomes as they came.
    """
    from features.history import read_history
    from training.backtest import Retrain, Window, commonest_zone, cut_short
    from training.backtest import backtest as run
    from training.errors import TrainingError
    from training.metrics import figures

    if last < first:
        raise typer.BadParameter("--to lies before --from")
    if retrain not in list(Retrain):
        raise typer.BadParameter(f"--retrain is never, monthly or weekly, not {retrain}")
    history = read_history(_load(data))
    try:
        # Before it takes minutes.
        out.parent.mkdir(parents=True, exist_ok=True)
        window = Window(first.date(), last.date(), commonest_zone(history))
        with _progress() as progress:
            predictions = run(history, window, Retrain(retrain), seed, progress)
        predictions.to_parquet(out, index=False)
    except (TrainingError, OSError) as error:
        _fail(str(error))
    measured, under_way = figures(predictions, window.zone), cut_short(history, predictions)
    if under_way:
        typer.echo(
            f"{under_way} of {len(predictions)} attempts were still under way when the history ends. They are the slow "
            "ones, and the figures, which leave them out, flatter: take a window that ended earlier.",
            err=True,
        )
    if as_json:
        document = {"rows": len(predictions), "under_way": under_way, "file": str(out), "figures": measured}
        typer.echo(json.dumps(document))
        return
    typer.echo(f"{len(predictions)} attempts predicted: {out}")
    _print_figures(measured)


def mlflow(port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the page.")] = 5000) -> None:
    """Open MLflow's page on the runs and models that are kept here."""
    from training.tracking import connect, local_artifacts, local_uri

    connect(None, WORK_FOLDER)
    store = ["--backend-store-uri", local_uri(WORK_FOLDER), "--default-artifact-root", local_artifacts(WORK_FOLDER)]
    command = [sys.executable, "-m", "mlflow", "server", *store, "--host", "127.0.0.1", "--port", str(port)]
    # One reader needs one worker, and nothing here runs MLflow's background jobs.
    command += ["--workers", "1"]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    # In place of this process: whoever ends it ends the server.
    os.execve(sys.executable, command, environment)


def _load(folder: Path) -> "Dataset":
    from data.dataset import load_dataset
    from data.errors import DataError

    try:
        return load_dataset(folder)
    except DataError as error:
        _fail(str(error))


def _instant(written: datetime) -> float:
    """Seconds since 1970 UTC: UTC where no offset was written."""
    return (written if written.tzinfo else written.replace(tzinfo=UTC)).timestamp()


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _print_figures(figures: dict[str, float]) -> None:
    for name, value in figures.items():
        typer.echo(f"  {name:<42} {value:>12.4f}")


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on a terminal, plain lines elsewhere; both on standard error, so that standard output stays clean."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda head, done, all_: typer.echo(f"[{done + 1}/{all_}] fitting {head}", err=True)
        return
    from rich.progress import Progress as Bar

    with Bar(console=console) as bar:
        task = bar.add_task("fitting")
        yield lambda head, done, all_: bar.update(task, description=f"fitting {head}", completed=done, total=all_)
