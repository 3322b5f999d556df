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

from expressions import program as p
from expressions.text import UNKNOWN

#: Rows that go through the program together: what they leave in the registers stays in the near caches.
_BLOCK: Final = 512
# Numba takes constants of its own module.
_CONSTANT, _CODE, _COLUMN, _NEGATIVE = p.CONSTANT, p.CODE, p.COLUMN, p.NEGATIVE
_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _CHOOSE = p.ADD, p.SUBTRACT, p.MULTIPLY, p.DIVIDE, p.CHOOSE
_LESS, _LESS_EQUAL, _EQUAL, _UNEQUAL, _OTHER_TEXT = p.LESS, p.LESS_EQUAL, p.EQUAL, p.UNEQUAL, p.OTHER_TEXT
_MISSING, _KNOWN, _ALL, _AND = p.MISSING, p.KNOWN, p.ALL, p.AND
_UNKNOWN: Final = float(UNKNOWN)


def _run(  # noqa: PLR0912, PLR0915, PLR0917 - one compiled loop over what instructions there are
    instructions: NDArray[np.int64],
    constants: NDArray[np.float64],
    codes: NDArray[np.float64],
    columns: NDArray[np.float64],
    first: NDArray[np.int64],
    answers: NDArray[np.int64],
    registers: tuple[int, int],
    rows: int,
) -> NDArray[np.bool_]:
    """Return (answers, rows) where each is surely true.

    ``columns``: all columns one after the other, each of as many rows or, the same for all, of one; of the former
    ``first`` tells where it begins, of the latter −1 − that. ``registers``: how many of numbers and how many masks.
    """
    numbers = np.empty((registers[0], _BLOCK))
    masks = np.empty((registers[1], _BLOCK), np.bool_)
    true = np.empty((len(answers), rows), np.bool_)
    begins = np.full(registers[0], -1)
    for at in range(len(instructions)):
        do, into, a, b, c = instructions[at]
        if do == _COLUMN:
            begins[into] = first[a]
    for start in range(0, rows, _BLOCK):
        size = min(_BLOCK, rows - start)
        for at in range(len(instructions)):
            do, into, a, b, c = instructions[at]
            if do <= _CHOOSE:
                number = numbers[into, :size]
                if do == _CONSTANT:
                    number[:] = constants[a]
                elif do == _CODE:
                    number[:] = codes[a]
                elif do == _COLUMN:
                    if first[a] < 0:  # others are read where they stand
                        number[:] = columns[-1 - first[a]]
                elif do == _NEGATIVE:
                    x = numbers[a, :size] if begins[a] < 0 else columns[begins[a] + start : begins[a] + start + size]
                    for i in range(size):
                        number[i] = -x[i]
                else:
                    x = numbers[a, :size] if begins[a] < 0 else columns[begins[a] + start : begins[a] + start + size]
                    y = numbers[b, :size] if begins[b] < 0 else columns[begins[b] + start : begins[b] + start + size]
                    if do == _ADD:
                        for i in range(size):
                            number[i] = x[i] + y[i]
                    elif do == _SUBTRACT:
                        for i in range(size):
                            number[i] = x[i] - y[i]
                    elif do == _MULTIPLY:
                        for i in range(size):
                            number[i] = x[i] * y[i]
                    elif do == _DIVIDE:
                        for i in range(size):
                            number[i] = x[i] / (np.nan if y[i] == 0 else y[i])
                    else:
                        chosen = masks[c, :size]
                        for i in range(size):
                            number[i] = x[i] if chosen[i] else y[i]
            elif do <= _KNOWN:
                mask = masks[into, :size]
                x = numbers[a, :size] if begins[a] < 0 else columns[begins[a] + start : begins[a] + start + size]
                y = numbers[b, :size] if begins[b] < 0 else columns[begins[b] + start : begins[b] + start + size]
                if do == _LESS:
                    for i in range(size):
                        mask[i] = x[i] < y[i]
                elif do == _LESS_EQUAL:
                    for i in range(size):
                        mask[i] = x[i] <= y[i]
                elif do == _EQUAL:
                    for i in range(size):
                        mask[i] = x[i] == y[i]
                elif do == _UNEQUAL:
                    for i in range(size):
                        mask[i] = (x[i] < y[i]) | (x[i] > y[i])
                elif do == _OTHER_TEXT:
                    for i in range(size):
                        mask[i] = (x[i] != y[i]) & (x[i] != _UNKNOWN)
                elif do == _MISSING:
                    for i in range(size):
                        mask[i] = x[i] != x[i]
                else:
                    for i in range(size):
                        mask[i] = x[i] == x[i]
            else:
                mask = masks[into, :size]
                if do == _ALL:
                    mask[:] = a == 1
                else:
                    s, t = masks[a, :size], masks[b, :size]
                    if do == _AND:
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


_SIGNATURE: Final = "b1[:,::1](i8[:,::1], f8[::1], f8[::1], f8[::1], i8[::1], i8[::1], UniTuple(i8, 2), i8)"
#: Compiled for these types here and now, and kept beside this file or where ``NUMBA_CACHE_DIR`` says.
run: Final[Callable[..., Any]] = numba.njit(_SIGNATURE, cache=True, nogil=True)(_run)
