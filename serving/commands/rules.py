"""`smista rules …`: check rulesets before they are published."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

rules = typer.Typer(no_args_is_help=True)


@rules.callback()
def _group() -> None:
    """Check rulesets before they are published."""


@rules.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="YAML or JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Say what a ruleset says, or everything that is wrong with it, each with its place. Exits 1 when it is wrong."""
    import orjson

    from decision.errors import RulesetError, RulesetProblem
    from decision.rules.ruleset import check_ruleset
    from serving.errors import ServingError
    from serving.rulesets.documents import read_file
    from serving.rulesets.summary import as_lines, summary_of

    problems: tuple[RulesetProblem, ...] = ()
    summary: dict[str, Any] = {}
    try:
        document = read_file(file)
        if not isinstance(document, dict):
            problems = (RulesetProblem("ruleset", "must be a mapping with name, strategy, limits, rules and stages"),)
        else:
            summary = summary_of(check_ruleset(document))
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
