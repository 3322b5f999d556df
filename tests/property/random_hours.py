"""Distributions of hours of any shape, for the properties that all of them have."""

import numpy as np
from hypothesis import strategies as st

from prediction.hours import KNOTS, HoursTable


@st.composite
def hours_tables(draw: st.DrawFn, longest: float, narrowest: float) -> HoursTable:
    """Any table: a few rows, a few groups, levels that rise from 0 to 1.

    ``longest``: the largest centre, ``narrowest``: the smallest spread, both of log-hours.
    """
    groups, rows = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    steps = draw(st.lists(st.floats(1e-4, 1.0), min_size=groups * (len(KNOTS) - 1), max_size=groups * (len(KNOTS) - 1)))
    levels = np.concatenate([np.zeros((groups, 1)), np.cumsum(np.reshape(steps, (groups, -1)), axis=1)], axis=1)
    numbers = st.floats(-2, longest), st.floats(narrowest, 1.5), st.integers(0, groups - 1)
    centre, spread, group = zip(*draw(st.lists(st.tuples(*numbers), min_size=rows, max_size=rows)), strict=True)
    return HoursTable(np.array(centre), np.array(spread), np.array(group, dtype=np.intp), levels / levels[:, -1:])
