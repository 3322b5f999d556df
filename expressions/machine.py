"""Programs of `expressions.program` run by a kernel that Numba compiles (extra ``speed``).

The kernel is compiled once for all programs: a new ruleset costs no compilation. It takes the instructions one by one
and each over a block of rows, in loops that the compiler turns into vector instructions (Boncz, Zukowski and Nes,
"MonetDB/X100: Hyper-Pipelining Query Execution", CIDR 2005).
"""

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from expressions import instructions as op
from expressions.text import UNKNOWN

#: Rows that go through the program together: what they leave in the registers stays in the near caches.
_BLOCK: Final = 512
_UNKNOWN: Final = float(UNKNOWN)


def _run(  # noqa: PLR0912, PLR0915, PLR0917 - one compiled loop over what instructions there are
    instructions: NDArray[np.int64],
    constants: NDArray[np.float64],
    codes: NDArray[np.float64],
    columns: NDArray[np.float64],
    answers: NDArray[np.int64],
    registers: tuple[int, int],
) -> NDArray[np.bool_]:
    """Return (answers, rows) where each is surely true.

    ``columns``: (columns, rows). ``registers``: how many of numbers and how many masks.
    """
    rows = columns.shape[1]
    most = min(_BLOCK, rows)
    numbers = np.empty((registers[0], most))
    masks = np.empty((registers[1], most), np.bool_)
    true = np.empty((len(answers), rows), np.bool_)
    column = np.full(registers[0], -1)  # that a register stands for: columns are read where they are
    for at in range(len(instructions)):
        do, into, a, b, c = instructions[at]
        if do == op.CONSTANT:
            numbers[into, :] = constants[a]
        elif do == op.CODE:
            numbers[into, :] = codes[a]
        elif do == op.COLUMN:
            column[into] = a
    for start in range(0, rows, _BLOCK):
        size = min(_BLOCK, rows - start)
        for at in range(len(instructions)):
            do, into, a, b, c = instructions[at]
            if do <= op.COLUMN:
                continue
            if do <= op.CHOOSE:
                number = numbers[into, :size]
                x = numbers[a, :size] if column[a] < 0 else columns[column[a], start : start + size]
                y = numbers[b, :size] if column[b] < 0 else columns[column[b], start : start + size]
                if do == op.NEGATIVE:
                    for i in range(size):
                        number[i] = -x[i]
                elif do == op.ADD:
                    for i in range(size):
                        number[i] = x[i] + y[i]
                elif do == op.SUBTRACT:
                    for i in range(size):
                        number[i] = x[i] - y[i]
                elif do == op.MULTIPLY:
                    for i in range(size):
                        number[i] = x[i] * y[i]
                elif do == op.DIVIDE:
                    for i in range(size):
                        number[i] = x[i] / (np.nan if y[i] == 0 else y[i])
                else:
                    chosen = masks[c, :size]
                    for i in range(size):
                        number[i] = x[i] if chosen[i] else y[i]
            elif do <= op.KNOWN:
                mask = masks[into, :size]
                x = numbers[a, :size] if column[a] < 0 else columns[column[a], start : start + size]
                y = numbers[b, :size] if column[b] < 0 else columns[column[b], start : start + size]
                if do == op.LESS:
                    for i in range(size):
                        mask[i] = x[i] < y[i]
                elif do == op.LESS_EQUAL:
                    for i in range(size):
                        mask[i] = x[i] <= y[i]
                elif do == op.EQUAL:
                    for i in range(size):
                        mask[i] = x[i] == y[i]
                elif do == op.UNEQUAL:
                    for i in range(size):
                        mask[i] = (x[i] < y[i]) | (x[i] > y[i])
                elif do == op.OTHER_TEXT:
                    for i in range(size):
                        mask[i] = (x[i] != y[i]) & (x[i] != _UNKNOWN)
                elif do == op.MISSING:
                    for i in range(size):
                        mask[i] = x[i] != x[i]
                else:
                    for i in range(size):
                        mask[i] = x[i] == x[i]
            else:
                mask = masks[into, :size]
                if do == op.ALL:
                    mask[:] = a == 1
                    continue
                s, t = masks[a, :size], masks[b, :size]
                if do == op.AND:
                    for i in range(size):
                        mask[i] = s[i] & t[i]
                else:
                    for i in range(size):
                        mask[i] = s[i] | t[i]
        for answer in range(len(answers)):
            mask, told = masks[answers[answer], :size], true[answer, start : start + size]
            for i in range(size):
                told[i] = mask[i]
    return true


_SIGNATURE: Final = "b1[:,::1](i8[:,::1], f8[::1], f8[::1], f8[:,::1], i8[::1], UniTuple(i8, 2))"
#: Compiled for these types here and now, and kept beside this file or where ``NUMBA_CACHE_DIR`` says.
run: Final[Callable[..., Any]] = numba.njit(_SIGNATURE, cache=True, nogil=True)(_run)
