"""What can go wrong when a synthetic history is asked for."""

from data.synthetic.presets import PRESETS


class UnknownPresetError(ValueError):
    """The preset asked for does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no preset {name!r}: choose one of {', '.join(PRESETS)}")


class TruthInsideDatasetError(ValueError):
    """The truth would be written where training reads."""

    def __init__(self, truth: object, dataset: object) -> None:
        super().__init__(f"the truth folder {truth} must not be the dataset folder {dataset} nor lie inside it")
