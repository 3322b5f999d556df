"""What the programs of `expressions.program` consist of, and `expressions.machine` runs.

An instruction writes one register and reads up to three, ``a``, ``b`` and ``c``. Registers hold numbers, NaN where
unknown, or masks. Truth has three values and a mask two: it says where something is *surely* so, and what asks for
the opposite asks another instruction.

The compiled machine is kept by the age of `machine.py`: whoever changes a number here touches that file too.
"""

from typing import Final

# Into a register of numbers:
CONSTANT: Final = 0  # the a-th constant
CODE: Final = 1  # the code that the a-th written text has in its column
COLUMN: Final = 2  # the a-th column
NEGATIVE: Final = 3
ADD: Final = 4
SUBTRACT: Final = 5
MULTIPLY: Final = 6
DIVIDE: Final = 7
CHOOSE: Final = 8  # a where the mask c is set, else b
# Into a mask, from numbers:
LESS: Final = 9
LESS_EQUAL: Final = 10
EQUAL: Final = 11
UNEQUAL: Final = 12  # surely: never beside NaN
OTHER_TEXT: Final = 13  # a text's code a that is known and not b
MISSING: Final = 14
KNOWN: Final = 15
# Into a mask, from masks:
ALL: Final = 16  # a is 1: every row, or 0: none
AND: Final = 17
OR: Final = 18
