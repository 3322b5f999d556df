"""Versions of models in MLflow, when several people train."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pytest

from training.tracking import connect, registered


@pytest.fixture(scope="module", autouse=True)
def _registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("registry")
    connect(None, folder)


def take(name: str) -> str:
    """The version that a training gets which comes to an end at once."""
    with registered(name) as taken:
        return taken.version


def versions(name: str) -> set[str]:
    return {str(found.version) for found in mlflow.MlflowClient().search_model_versions(f"name = '{name}'")}


def test_who_trains_meanwhile_gets_another_version() -> None:
    """Both were called version 1, and the challenger's alias went to the model of the other."""
    with registered("together") as mine, ThreadPoolExecutor(1) as colleague:
        assert {mine.version, colleague.submit(take, "together").result()} == {"1", "2"}
    assert versions("together") == {"1", "2"}


def test_a_training_that_fails_leaves_no_version_without_a_model() -> None:
    take("failing")
    with pytest.raises(OSError, match="disk full"), registered("failing"):
        raise OSError("disk full")
    assert versions("failing") == {"1"}
