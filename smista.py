"""The command line: one group of commands per package, each in its ``commands.py``."""

import typer

import benchmarks.commands
import data.commands
import serving.commands
import training.commands

app = typer.Typer(
    name="smista",
    help="Decide from where each order is fulfilled.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(data.commands.app, name="data")
app.add_typer(benchmarks.commands.app, name="bench")
app.command("serve")(serving.commands.serve)
training.commands.register(app)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
