"""The command line: one group of commands per package, each in its ``commands.py``."""

import typer

import data.commands
import training.commands

app = typer.Typer(
    name="smista",
    help="Decide from where each order is fulfilled.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(data.commands.app, name="data")
training.commands.register(app)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
