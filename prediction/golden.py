"""Golden rows: facts with the exact predictions a bundle gave for them when it was trained."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from features.facts import FACTS, Columns
from prediction.bundle import Bundle
from prediction.errors import BundleError
from prediction.manifest import GOLDEN_FILE


def predictions(bundle: Bundle, facts: Columns) -> dict[str, list[float]]:
    """Every head's answer for every row of ``facts``."""
    delivery, ready = bundle.delivery_hours(facts), bundle.ready_hours(facts)
    return {
        **{f"delivery_hours_p{level * 100:.0f}": delivery.quantile(level).tolist() for level in (0.1, 0.5, 0.9)},
        **{f"ready_hours_p{level * 100:.0f}": ready.quantile(level).tolist() for level in (0.1, 0.5, 0.9)},
        "cost": bundle.cost(facts).tolist(),
        "pick_failure": bundle.pick_failure(facts).tolist(),
    }


def write_golden(bundle: Bundle, facts: Columns, folder: Path) -> None:
    """Write ``facts`` and the predictions for them. JSON keeps every bit of a float."""
    columns = {fact.name: [_to_json(value) for value in facts[fact.name].tolist()] for fact in FACTS}
    content = {"facts": columns, "predictions": predictions(bundle, facts)}
    (folder / GOLDEN_FILE).write_text(json.dumps(content, allow_nan=False))


def check_golden(bundle: Bundle, folder: Path) -> None:
    """Predict the golden rows in ``folder`` again. Raises `BundleError` when one bit differs."""
    content = json.loads((folder / GOLDEN_FILE).read_text())
    facts = {
        fact.name: np.array(content["facts"][fact.name], dtype=object if fact.is_text else np.float64) for fact in FACTS
    }
    now = predictions(bundle, facts)
    different = [name for name, values in content["predictions"].items() if now[name] != values]
    if different:
        raise BundleError(
            f"{folder} predicts other {', '.join(different)} for its golden rows than when it was trained: "
            "other library versions, or a damaged bundle. Train again on this machine's versions."
        )


def _to_json(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
