"""What a benchmark found: its figures, each beside what others reach in the same run on the same rows."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

LIBRARIES = ("highspy", "lightgbm", "numpy", "pandas", "scipy")


@dataclass(frozen=True)
class Figure:
    """One number. ``peers``: by name, the same figure reached in other ways; ``target``: what it should reach."""

    name: str
    value: float
    peers: Mapping[str, float] = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True)
class Report:
    """All figures of one run. Names are unique. ``libraries``: whose versions matter besides `LIBRARIES`."""

    title: str
    figures: Sequence[Figure]
    seed: int
    libraries: Sequence[str] = ()

    def value(self, name: str) -> float:
        """The figure called ``name``. Raises ``KeyError`` when there is none."""
        return {figure.name: figure.value for figure in self.figures}[name]


def versions(libraries: Sequence[str] = ()) -> dict[str, str]:
    """Python, the libraries that all figures depend on, and ``libraries``."""
    return {"python": platform.python_version(), **{library: version(library) for library in (*LIBRARIES, *libraries)}}


def as_document(report: Report) -> dict[str, Any]:
    """The report as ``--json`` prints it."""
    return {
        "figures": {figure.name: figure.value for figure in report.figures},
        "peers": {figure.name: dict(figure.peers) for figure in report.figures if figure.peers},
        "versions": versions(report.libraries),
        "seed": report.seed,
    }


def to_json(report: Report) -> str:
    """The report as one JSON document; what is not a number is ``null``."""
    return orjson.dumps(as_document(report), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode()


def show(report: Report, console: Console) -> None:
    """Print the report as a table: ours, each peer with the ratio of ours to it, and the target."""
    table = Table(title=report.title, title_justify="left", box=None, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    table.add_column("ours", justify="right")
    table.add_column("target")
    table.add_column("peers (ours ÷ peer)")
    for figure in report.figures:
        peers = "\n".join(f"{name} {_number(peer)}{_ratio(figure.value, peer)}" for name, peer in figure.peers.items())
        table.add_row(figure.name, _number(figure.value), figure.target, peers)
    console.print(table)
    told = ", ".join(f"{name} {number}" for name, number in versions(report.libraries).items())
    console.print(f"seed {report.seed}; {told}\n")


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _ratio(ours: float, peer: float) -> str:
    return f" (×{ours / peer:.2f})" if peer else ""
