"""The bundle as MLflow's registry serves it: `mlflow.pyfunc.load_model(...).predict(facts)`.

This file is logged as the model's code, so that no pickle is involved.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from features.facts import FACTS, Columns
from prediction.golden import predictions
from prediction.loading import load_bundle


class BundleModel(PythonModel):
    """Facts (one column per `features.facts.FACTS`) in, quantiles, cost and pick failure out."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the verified bundle from the logged artifacts."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, object] | None = None,
    ) -> pd.DataFrame:
        """One row of predictions per row of ``model_input``."""
        del context, params
        return pd.DataFrame(predictions(self.bundle, facts_of(model_input)))


def facts_of(frame: pd.DataFrame) -> Columns:
    """The columns of ``frame`` as facts."""
    return {
        fact.name: np.array(
            [None if pd.isna(value) else value for value in frame[fact.name]] if fact.is_text else frame[fact.name],
            dtype=object if fact.is_text else np.float64,
        )
        for fact in FACTS
    }


set_model(BundleModel())
