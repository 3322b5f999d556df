"""Runs and registered models in MLflow."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from features.facts import Columns
from prediction.bundle import Bundle
from prediction.calibration import CALIBRATION
from prediction.golden import predictions
from training.errors import TrackingError
from training.heads import RECIPES

EXPERIMENT: Final = "smista"
CHAMPION, CHALLENGER = "champion", "challenger"
_CODE: Final = Path(__file__).parent / "pyfunc.py"
_ROOT: Final = Path(__file__).parent.parent


def connect(tracking_uri: str | None, work_folder: Path) -> None:
    """Use the tracking server at ``tracking_uri``, or a SQLite file in ``work_folder`` when there is none.

    Raises `TrackingError` where the server does not answer as MLflow's does.
    """
    if tracking_uri:
        try:
            mlflow.set_tracking_uri(tracking_uri)
            mlflow.set_experiment(EXPERIMENT)
        except MlflowException as error:
            raise TrackingError(f"MLFLOW_TRACKING_URI cannot be used: {error}") from error
        return
    work_folder.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(local_uri(work_folder))
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        mlflow.create_experiment(EXPERIMENT, artifact_location=local_artifacts(work_folder))
    mlflow.set_experiment(EXPERIMENT)


def local_uri(work_folder: Path) -> str:
    """Where runs are kept when no tracking server is named."""
    return f"sqlite:///{work_folder.resolve() / 'mlflow.db'}"


def local_artifacts(work_folder: Path) -> str:
    """Where the files of those runs are kept."""
    return (work_folder.resolve() / "mlflow-artifacts").as_uri()


def next_version(name: str) -> str:
    """The version that registering a model under ``name`` will give it."""
    versions = mlflow.MlflowClient().search_model_versions(f"name = '{name}'")
    return str(1 + max((int(found.version) for found in versions), default=0))


def record(
    bundle: Bundle,
    folder: Path,
    *,
    golden: Columns,
    leaves: Mapping[str, int],
    figures: Mapping[str, float],
    card: str,
    plots: Mapping[str, Figure],
) -> str:
    """Log a run for the bundle in ``folder``, register it as one model, and return the alias it was given.

    The first version of a name becomes the champion; later ones are challengers until they are promoted.
    """
    manifest = bundle.manifest
    with mlflow.start_run(run_name=f"{manifest.name}@{manifest.version}"):
        mlflow.log_params(_parameters(bundle, leaves))
        mlflow.log_metrics(dict(figures))
        mlflow.set_tags(
            {"data_digest": manifest.data_digest, "as_of": manifest.window.as_of, "mlflow.note.content": card}
        )
        mlflow.log_text(card, "model_card.md")
        for name, figure in plots.items():
            mlflow.log_figure(figure, f"plots/{name}")
        facts = pd.DataFrame(dict(golden))
        mlflow.pyfunc.log_model(
            name="bundle",
            python_model=str(_CODE),
            artifacts={"bundle": str(folder)},
            code_paths=[str(_ROOT / package) for package in ("data", "expressions", "features", "prediction")],
            input_example=facts,
            signature=infer_signature(facts, pd.DataFrame(predictions(bundle, golden))),
            pip_requirements=[f"{name}=={version}" for name, version in manifest.libraries.items() if name != "python"],
            registered_model_name=manifest.name,
        )
    return _alias(manifest.name, manifest.version)


def _alias(name: str, version: str) -> str:
    client = mlflow.MlflowClient()
    # Asked for by name: an error while asking must not make a champion.
    alias = CHALLENGER if CHAMPION in client.get_registered_model(name).aliases else CHAMPION
    client.set_registered_model_alias(name, alias, version)
    return alias


def _parameters(bundle: Bundle, leaves: Mapping[str, int]) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "seed": bundle.manifest.seed,
        "as_of": bundle.manifest.window.as_of,
        "attempts": bundle.manifest.window.attempts,
        **{f"calibration.{name}": value for name, value in asdict(CALIBRATION).items()},
    }
    for head, recipe in RECIPES.items():
        parameters[f"{head}.rounds"] = recipe.rounds
        parameters[f"{head}.features"] = len(recipe.features)
        parameters |= {f"{head}.{name}": value for name, value in recipe.parameters.items()}
        parameters[f"{head}.num_leaves"] = leaves[head]
    return parameters
