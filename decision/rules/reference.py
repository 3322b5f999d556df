"""The table of everything rules may mention, written from the code: ``python -m decision.rules.reference``."""

import sys

from decision.rules.attributes import ATTRIBUTES


def attribute_table() -> str:
    """Return the attributes as a Markdown table."""
    rows = ["| name | type | unit | meaning | missing when |", "|---|---|---|---|---|"]
    rows += [f"| `{a.name}` | {a.kind.value} | {a.unit} | {a.meaning} | {a.null} |" for a in ATTRIBUTES]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(attribute_table())
