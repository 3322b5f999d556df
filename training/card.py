"""The model card: what a bundle is, what it was measured to do, and what it must not be used for."""

from collections.abc import Mapping

from prediction.manifest import Manifest
from training.backtest import Window
from training.heads import RECIPES

_TEMPLATE = """# {name}@{version}

Predicts, for one order and one candidate location: hours to delivery and to handover (calibrated distributions),
cost of a shipment ({currency}) and the probability that a line is not supplied.

- **Trained on** {attempts} attempts decided from {first} on, as known at {as_of}.
- **Data digest** `{digest}`; seed {seed}; {libraries}.
- **Validated** on the attempts decided from {valid_from} to {valid_to} ({zone}), predicted by heads trained before.

## Figures of the validation

| figure | value |
|---|---|
{figures}

## Heads

{heads}

## Limits

- Durations drift: the centre is brought to the level of the last trained weeks, and calibration follows the outcomes. A
  bundle that gets no outcomes grows stale.
- The probability of a failed pick is that of the history's way of choosing locations.
- A location, lane or service that the history does not know is predicted from what its type and distance say.
"""


def model_card(manifest: Manifest, figures: Mapping[str, float], window: Window, leaves: Mapping[str, int]) -> str:
    """The card as Markdown. ``leaves``: of the trees of each head."""
    return _TEMPLATE.format(
        name=manifest.name,
        version=manifest.version,
        currency=manifest.currency,
        attempts=manifest.window.attempts,
        first=manifest.window.first_decided_at,
        as_of=manifest.window.as_of,
        digest=manifest.data_digest,
        seed=manifest.seed,
        libraries=", ".join(f"{name} {version}" for name, version in manifest.libraries.items()),
        valid_from=window.first,
        valid_to=window.last,
        zone=window.zone,
        figures="\n".join(f"| {name} | {value:.4g} |" for name, value in figures.items()),
        heads="\n".join(
            f"- `{head}`: {recipe.rounds} trees of {leaves[head]} leaves per model, {len(recipe.features)} features."
            for head, recipe in RECIPES.items()
        ),
    )
