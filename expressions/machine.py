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

#: Rows that go through the program together: what they leave in the registers stays in the near caches.
_BLOCK: Final = 512
# Numba takes constants of its own module.
_TRUE, _FALSE = np.uint8(p.TRUE), np.uint8(p.FALSE)
_ONE: Final = np.uint8(1)
_CONSTANT, _CODE, _COLUMN, _NEGATIVE = p.CONSTANT, p.CODE, p.COLUMN, p.NEGATIVE
_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _CHOOSE_NUMBER = p.ADD, p.SUBTRACT, p.MULTIPLY, p.DIVIDE, p.CHOOSE_NUMBER
_LESS, _LESS_EQUAL, _EQUAL, _SAME_TEXT = p.LESS, p.LESS_EQUAL, p.EQUAL, p.SAME_TEXT
_MISSING, _NO_TEXT, _TRUTH, _STATE = p.MISSING, p.NO_TEXT, p.TRUTH, p.STATE
_NOT, _AND, _OR, _CHOOSE_TRUTH = p.NOT, p.AND, p.OR, p.CHOOSE_TRUTH
_NULL, _UNKNOWN = -1.0, -2.0


@numba.njit(inline="always")  # type: ignore[untyped-decorator]  # Numba ships no types
def _state(true: bool, false: bool) -> np.uint8:
    """Return a truth value. Added as doubles, which both comparisons are of: narrowed once, not twice."""
    return np.uint8(np.int32((1.0 if true else 0.0) + (2.0 if false else 0.0)))


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
    ``first`` tells where it begins, of the latter −1 − that. ``registers``: how many of numbers and of truth values.
    """
    numbers = np.empty((registers[0], _BLOCK))
    truths = np.empty((registers[1], _BLOCK), np.uint8)
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
            if do <= _CHOOSE_NUMBER:
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
                        state = truths[c, :size]
                        for i in range(size):
                            number[i] = x[i] if state[i] == _TRUE else y[i] if state[i] == _FALSE else np.nan
            elif do <= _TRUTH:
                truth = truths[into, :size]
                x = numbers[a, :size] if begins[a] < 0 else columns[begins[a] + start : begins[a] + start + size]
                y = numbers[b, :size] if begins[b] < 0 else columns[begins[b] + start : begins[b] + start + size]
                if do == _LESS:
                    for i in range(size):
                        truth[i] = _state(x[i] < y[i], x[i] >= y[i])
                elif do == _LESS_EQUAL:
                    for i in range(size):
                        truth[i] = _state(x[i] <= y[i], x[i] > y[i])
                elif do == _EQUAL:
                    for i in range(size):
                        truth[i] = _state(x[i] == y[i], (x[i] < y[i]) | (x[i] > y[i]))
                elif do == _SAME_TEXT:
                    for i in range(size):
                        truth[i] = _state(x[i] == y[i], (x[i] != y[i]) & (x[i] != _UNKNOWN))
                elif do == _MISSING:
                    for i in range(size):
                        truth[i] = _state(x[i] != x[i], x[i] == x[i])
                elif do == _NO_TEXT:
                    for i in range(size):
                        truth[i] = _state(x[i] == _NULL, x[i] >= 0)
                else:
                    for i in range(size):
                        truth[i] = _state(x[i] == 1, x[i] == 0)
            else:
                truth = truths[into, :size]
                if do == _STATE:
                    truth[:] = np.uint8(a)
                elif do == _NOT:
                    s = truths[a, :size]
                    for i in range(size):
                        truth[i] = (s[i] >> _ONE) | ((s[i] & _TRUE) << _ONE)
                else:
                    s, t = truths[a, :size], truths[b, :size]
                    if do == _AND:
                        for i in range(size):
                            truth[i] = (s[i] & t[i] & _TRUE) | ((s[i] | t[i]) & _FALSE)
                    elif do == _OR:
                        for i in range(size):
                            truth[i] = ((s[i] | t[i]) & _TRUE) | (s[i] & t[i] & _FALSE)
                    else:
                        state = truths[c, :size]
                        for i in range(size):
                            truth[i] = s[i] if state[i] == _TRUE else t[i] if state[i] == _FALSE else np.uint8(0)
        for answer in range(len(answers)):
            state = truths[answers[answer], :size]
            for i in range(size):
                true[answer, start + i] = (state[i] & _TRUE) != 0
    return true


_SIGNATURE: Final = "b1[:,::1](i8[:,::1], f8[::1], f8[::1], f8[::1], i8[::1], i8[::1], UniTuple(i8, 2), i8)"
#: Compiled for these types here and now, and kept beside this file or where ``NUMBA_CACHE_DIR`` says.
run: Final[Callable[..., Any]] = numba.njit(_SIGNATURE, cache=True, nogil=True)(_run)
