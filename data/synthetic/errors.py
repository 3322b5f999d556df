"""What can go wrong when a synthetic history is asked for."""


class TruthInsideDatasetError(ValueError):
    """The truth would be written where training reads."""

    def __init__(self, truth: object, dataset: object) -> None:
        super().__init__(f"the truth folder {truth} must not be the dataset folder {dataset} nor lie inside it")
