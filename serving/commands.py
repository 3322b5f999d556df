"""`smista serve`: run the service. `smista rules …`: check rulesets before they are published."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

rules = typer.Typer(help="Check rulesets before they are published.", no_args_is_help=True)


@rules.callback()
def _group() -> None:
    """Check rulesets before they are published."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8080,
    bundle: Annotated[Path | None, typer.Option(help="Folder of the trained bundle.  [env: SMISTA_BUNDLE]")] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Ruleset file, or folder of them, to publish at start.  [env: SMISTA_RULES]")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="sqlite:///FILE or postgresql://…; default: .smista/smista.db  [env: SMISTA_DATABASE_URL]"),
    ] = None,
) -> None:
    """Answer orders over HTTP, until it is told to stop. More settings: SMISTA_… (docs/api/settings.md)."""
    import uvicorn
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from prediction.errors import PredictionError
    from serving.app import create_app
    from serving.errors import ConfigurationError
    from serving.keys import DEVELOPMENT_KEY_FILE
    from serving.logs import configure_logs
    from serving.settings import Settings

    chosen: dict[str, Any] = {"bundle": bundle, "rules": rules, "database_url": database}
    configure_logs()
    try:
        settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
        app = create_app(settings)
    except (ConfigurationError, PredictionError, SettingsError, ValidationError) as error:
        typer.echo(f"smista serve: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"Smista is to listen on http://{host}:{port} — the calls, with examples: http://{host}:{port}/docs")
    if not settings.api_keys:
        typer.echo(
            f"API key: in {settings.work_folder / DEVELOPMENT_KEY_FILE} (all scopes; set SMISTA_API_KEYS for your own)"
        )
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


@rules.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="YAML or JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Say what a ruleset says, or everything that is wrong with it, each with its place. Exits 1 when it is wrong."""
    import orjson

    from decision.errors import RulesetError, RulesetProblem
    from decision.ruleset import compile_ruleset
    from serving.documents import read_yaml
    from serving.errors import ServingError
    from serving.ruleset_summary import as_lines, summary_of

    problems: tuple[RulesetProblem, ...] = ()
    summary: dict[str, Any] = {}
    try:
        document = read_yaml(file.read_bytes())
        if not isinstance(document, dict):
            problems = (RulesetProblem("ruleset", "must be a mapping with name, strategy, limits, rules and stages"),)
        else:
            summary = summary_of(compile_ruleset(document))
    except ServingError as error:
        problems = (RulesetProblem("ruleset", str(error)),)
    except RulesetError as error:
        problems = error.problems
    if as_json:
        answer = {"valid": not problems, "problems": [asdict(problem) for problem in problems], **summary}
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        for line in map(str, problems) if problems else as_lines(summary):
            typer.echo(line)
    if problems:
        raise typer.Exit(1)
