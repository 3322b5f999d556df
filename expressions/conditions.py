"""Several conditions over the same columns at once, by the fastest way that is installed. All ways say the same."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expressions import instructions as op
from expressions.compiled import CompiledExpression
from expressions.program import Program, join
from expressions.text import NOWHERE
from expressions.values import Columns


class Conditions:
    """Compiled conditions that are asked together."""

    def __init__(self, conditions: Sequence[CompiledExpression]) -> None:
        """Ask ``conditions``, all of kind ``TRUTH``."""
        self._conditions = tuple(conditions)

    def are_true(self, columns: Columns, shape: tuple[int, int], chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Return (chosen, *shape) where each of the ``chosen`` conditions is surely true; positions, ascending.

        ``shape``: to which all columns broadcast. Only the columns that the chosen conditions read need be there.
        """
        run = machine()
        if run is None:
            masks = [np.broadcast_to(self._conditions[at].is_true(columns), shape) for at in chosen]
            return np.array(masks, bool).reshape(len(chosen), *shape)
        return np.asarray(_true(run, self._program, columns, shape, chosen))

    def prepare(self) -> None:
        """Do now what else the first question would wait for."""
        if machine() is not None:
            _ = self._program

    @cached_property
    def _program(self) -> Program:
        return join(self._conditions)


@cache
def machine() -> Callable[..., Any] | None:
    """Return what runs programs; ``None`` where Numba is not installed (extra ``speed``).

    The first call loads Numba, and compiles when that was never done.
    """
    if find_spec("numba") is None:
        return None
    from expressions.machine import run  # noqa: PLC0415 - an optional extra

    return run


def _true(
    run: Callable[..., Any], program: Program, columns: Columns, shape: tuple[int, int], chosen: Sequence[int]
) -> NDArray[np.bool_]:
    instructions, answers = program.instructions, program.answers
    texts: Sequence[int] = range(len(program.texts))
    reads: Sequence[int] = range(len(program.columns))
    if len(chosen) < len(answers):
        instructions, answers = instructions[program.needs[list(chosen)].any(axis=0)], answers[list(chosen)]
        texts = instructions[instructions[:, 0] == op.CODE, 2].tolist()
        reads = instructions[instructions[:, 0] == op.COLUMN, 2].tolist()
    codes = [0.0] * len(program.texts)
    for at in texts:
        name, text = program.texts[at]
        codes[at] = columns[name].index.get(text, NOWHERE)
    read = np.empty((len(program.columns), *shape))
    with np.errstate(all="ignore") if program.computes else nullcontext():
        for at in reads:
            read[at] = program.columns[at](columns)
    true = run(
        instructions,
        program.constants,
        np.array(codes, np.float64),
        read.reshape(len(read), shape[0] * shape[1]),
        answers,
        (program.numbers, program.masks),
    )
    return np.asarray(true).reshape(len(chosen), *shape)
