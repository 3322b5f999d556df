"""The command line: one group of commands per package, in its ``commands``."""

import sys
from typing import Annotated

import structlog
import typer

import benchmarks.commands
import data.commands
import serving.commands.decide
import serving.commands.rules
import serving.commands.serve
import training.commands

app = typer.Typer(
    name="smista",
    help="Decide from where each order is fulfilled.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(data.commands.app, name="data")
app.add_typer(benchmarks.commands.app, name="bench")
app.add_typer(serving.commands.decide.decide, name="decide")
app.add_typer(serving.commands.rules.rules, name="rules")
app.command("serve")(serving.commands.serve.serve)
training.commands.register(app)


@app.callback()
def log_to_standard_error() -> None:
    """Standard output is for answers: what a service's parts log while a command uses them goes beside it."""
    structlog.configure(logger_factory=_to_standard_error)


def _to_standard_error(*_: object) -> structlog.PrintLogger:
    # Asked for each line: standard error may be another by then.
    return structlog.PrintLogger(sys.stderr)


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Leave the service running for you to try.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the service.")] = 8080,
) -> None:
    """Make up a retailer, train on its history, serve, and answer an order."""
    from demo import run  # noqa: PLC0415 - needs the training extra, which a serving installation lacks

    run(keep_serving=serve, port=port)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
