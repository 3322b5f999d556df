"""Runs and registered models in MLflow."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True, slots=True)
class Registered:
    """A version of a registered model, taken by the run in progress before there is a model: nobody else gets it."""

    name: str
    version: str
    model_id: str


@contextmanager
def registered(name: str) -> Iterator[Registered]:
    """Begin a run and take the next version of the model ``name`` for it, until `record` gives it its bundle.

    The registry alone knows the next: others may train meanwhile, and it counts versions that were deleted. Where what
    follows fails, the version is deleted again.
    """
    with mlflow.start_run():
        model = mlflow.initialize_logged_model("bundle")
        taken = mlflow.register_model(model.model_uri, name)
        version = str(taken.version)
        mlflow.set_tag("mlflow.runName", f"{name}@{version}")
        try:
            yield Registered(name, version, model.model_id)
        except BaseException:
            mlflow.MlflowClient().delete_model_version(name, version)
            raise


def record(
    bundle: Bundle,
    folder: Path,
    *,
    taken: Registered,
    golden: Columns,
    leaves: Mapping[str, int],
    figures: Mapping[str, float],
    card: str,
    plots: Mapping[str, Figure],
) -> str:
    """Log the bundle in ``folder`` in the run that has ``taken`` its version, and return the alias it was given.

    The first version of a name becomes the champion; later ones are challengers until they are promoted.
    """
    manifest = bundle.manifest
    parameters = _parameters(bundle, leaves)
    mlflow.log_params(parameters)
    mlflow.log_model_params({key: str(value) for key, value in parameters.items()}, taken.model_id)
    mlflow.log_metrics(dict(figures))
    mlflow.set_tags({"data_digest": manifest.data_digest, "as_of": manifest.window.as_of, "mlflow.note.content": card})
    mlflow.log_text(card, "model_card.md")
    for name, figure in plots.items():
        mlflow.log_figure(figure, f"plots/{name}")
    facts = pd.DataFrame(dict(golden))
    mlflow.pyfunc.log_model(
        model_id=taken.model_id,
        python_model=str(_CODE),
        artifacts={"bundle": str(folder)},
        code_paths=[str(_ROOT / package) for package in ("data", "expressions", "features", "prediction")],
        input_example=facts,
        signature=infer_signature(facts, pd.DataFrame(predictions(bundle, golden))),
        pip_requirements=[f"{name}=={version}" for name, version in manifest.libraries.items() if name != "python"],
    )
    return _alias(taken)


def _alias(taken: Registered) -> str:
    client = mlflow.MlflowClient()
    # Asked for by name: an error while asking must not make a champion.
    alias = CHALLENGER if CHAMPION in client.get_registered_model(taken.name).aliases else CHAMPION
    client.set_registered_model_alias(taken.name, alias, taken.version)
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
