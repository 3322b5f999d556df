"""The command line: one group of commands per package, each in its ``commands.py``."""

from typing import Annotated

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
app.add_typer(serving.commands.decide, name="decide")
app.command("serve")(serving.commands.serve)
training.commands.register(app)


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Leave the service running for you to try.")] = True,
    port: Annotated[int, typer.Option(help="Port of the service.")] = 8080,
) -> None:
    """Make up a retailer, train on its history, serve, and answer an order."""
    from demo import run  # noqa: PLC0415 - needs the training extra, which a serving installation lacks

    run(keep_serving=serve, port=port)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
