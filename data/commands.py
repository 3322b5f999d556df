"""`smista data …`: generate, import and check datasets."""

import typer

from data.synthetic.commands import generate

app = typer.Typer(help="Generate, import and check datasets.", no_args_is_help=True)
app.command()(generate)
