"""`smista data …`: generate, import and check datasets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.synthetic.commands import generate

if TYPE_CHECKING:
    from data.imported import Imported
    from data.report import Report

app = typer.Typer(help="Generate, import and check datasets.", no_args_is_help=True)
app.command()(generate)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@app.command("check")
def check_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The dataset.")],
    json: _Json = False,
) -> None:
    """Report on a dataset: rows, time spans, missing values, bad rows by reason, keys that do not join.

    Exits 1 when the dataset is not valid.
    """
    from data.errors import DataError
    from data.report import check

    try:
        report = check(folder)
    except DataError as error:
        raise _refuse(error, json=json) from None
    _print(report, json=json)
    if not report["valid"]:
        raise typer.Exit(1)


@app.command("import")
def import_command(
    folder: Annotated[Path, typer.Option("--from", metavar="DIR", exists=True, file_okay=False, help="What to read.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="The dataset to write.")],
    source: Annotated[
        str | None, typer.Option("--source", help="olist: the published files; tables: Parquet tables of a dataset.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", exists=True, dir_okay=False, help="A YAML file that maps files to the tables."),
    ] = None,
    json: _Json = False,
) -> None:
    """Make a dataset of somebody's files, by --source or by --mapping.

    Bad rows are set aside in DIR/rejected with their reason, corrections told in DIR/notes. Exits 1 when the files
    cannot be read, or nothing valid is left of a table.
    """
    from data.dataset import write_dataset
    from data.errors import DataError
    from data.findings import no_findings
    from data.report import describe

    try:
        imported = _import(folder, source, mapping)
        write_dataset(imported.dataset, out, imported.rejected, imported.notes)
    except (DataError, OSError) as error:
        raise _refuse(error, json=json) from None
    report = describe(imported.dataset, no_findings(), imported.rejected, imported.notes)
    _print(report, json=json)
    if not report["valid"]:
        raise typer.Exit(1)


def _import(folder: Path, source: str | None, mapping: Path | None) -> "Imported":
    if (source is None) == (mapping is None):
        raise typer.BadParameter("Give either --source or --mapping.")
    if mapping is not None:
        from data.mapped_import import import_mapped

        return import_mapped(mapping, folder)
    if source == "olist":
        from data.olist import import_olist

        return import_olist(folder)
    if source == "tables":
        from data.imported import import_tables

        return import_tables(folder)
    raise typer.BadParameter(f"--source is olist or tables, not {source}.")


def _print(report: "Report", *, json: bool) -> None:
    import orjson
    from rich.console import Console

    from data.report_view import show

    if json:
        typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        show(report, Console())


def _refuse(error: Exception, *, json: bool) -> typer.Exit:
    """Say why the answer is no."""
    import orjson

    if json:
        typer.echo(orjson.dumps({"valid": False, "error": str(error)}, option=orjson.OPT_INDENT_2))
    else:
        typer.echo(str(error), err=True)
    return typer.Exit(1)
