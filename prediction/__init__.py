"""What the models say: bundle format, verified loading, calibrated distributions, fast inference."""

import sys
from importlib import import_module

if "sklearn" not in sys.modules:
    # LightGBM loads scikit-learn where that is installed, for learners that nobody asks for here: a third of all that
    # a service, or the trial of a bundle, takes to begin. It is told that there is none.
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # how Python is told that a module is not there
    import_module("lightgbm")
    del sys.modules["sklearn"]
