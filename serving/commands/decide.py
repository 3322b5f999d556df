"""`smista decide …`: tell and repeat the decisions that a service logged."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from serving.commands.settings import DatabaseOption, settings_from

if TYPE_CHECKING:
    from serving.database.database import Database
    from serving.settings import Settings

decide = typer.Typer(help="Tell decisions that were logged, and make them again.", no_args_is_help=True)

_DecisionId = Annotated[str, typer.Argument(metavar="DECISION_ID", help="As the answer named it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@decide.command("explain")
def explain_command(
    decision_id: _DecisionId,
    language: Annotated[str | None, typer.Option(help="en or it; default: as it was answered.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Print a logged decision in words: its options, who was left out and why, what rules and limits cost."""
    from decision.explanation.tell import as_text
    from decision.messages.catalogue import LANGUAGES
    from serving.decisions.replay import find_decision
    from serving.errors import ConfigurationError, ReplayError, ServingError
    from serving.wire.answer import read_answer

    if language is not None and language not in LANGUAGES:
        _refuse("explain", f"no messages in {language!r}: choose {' or '.join(LANGUAGES)}")
    try:
        with closing(_opened(settings_from(database_url=database))) as opened:
            decision = read_answer(find_decision(opened, decision_id).answer)
    except (ConfigurationError, ReplayError, ServingError) as error:
        _refuse("explain", str(error))
    typer.echo(as_text(decision, language or decision.language))


@decide.command("replay")
def replay_command(
    decision_id: _DecisionId,
    bundle: Annotated[
        Path | None, typer.Option(help="Folder of the bundle that decided.  [env: SMISTA_BUNDLE]")
    ] = None,
    database: DatabaseOption = None,
    json: _Json = False,
) -> None:
    """Make a logged decision again from what was kept with it, and compare the answers bit for bit.

    Exits 1 when they differ, and says where.
    """
    import orjson

    from prediction.errors import PredictionError
    from prediction.loading import load_bundle
    from serving.decisions.replay import find_decision, replay
    from serving.errors import ConfigurationError, ReplayError

    try:
        settings = settings_from(database_url=database, bundle=bundle)
        if settings.bundle is None:
            _refuse("replay", "say with which bundle: --bundle FOLDER")
        with closing(_opened(settings)) as opened:
            logged = find_decision(opened, decision_id)
            replayed = replay(opened, logged, load_bundle(settings.bundle))
    except (ConfigurationError, PredictionError, ReplayError) as error:
        _refuse("replay", str(error))
    if json:
        told = {"decision_id": decision_id, "same": replayed.same, "differences": replayed.differences}
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    elif replayed.same:
        typer.echo(f"{decision_id}: the same answer, bit for bit ({len(logged.answer):,} bytes)")
    else:
        typer.echo("\n".join([f"{decision_id}: another answer", *replayed.differences]))
    if not replayed.same:
        raise typer.Exit(1)


def _opened(settings: "Settings") -> "Database":
    """Open the database of a service, which may be running, to read. Raises `ConfigurationError` if it is none."""
    from sqlalchemy.exc import DatabaseError

    from serving.database.database import Database
    from serving.database.engine import make_engine, parsed_url
    from serving.database.schema import is_current
    from serving.errors import ConfigurationError

    file = parsed_url(settings.database).database or ""
    if settings.database.startswith("sqlite") and not Path(file).is_file():
        raise ConfigurationError(f"there is no database {file}: name that of the service with --database")
    database = Database(make_engine(settings.database))
    try:
        current = database.read_now(is_current)
    except DatabaseError as error:
        raise ConfigurationError(f"the database cannot be read: {error.orig}") from error
    if not current:
        raise ConfigurationError("the database is of another version: start `smista serve` on it once")
    return database


def _refuse(command: str, why: str) -> NoReturn:
    typer.echo(f"smista decide {command}: {why}", err=True)
    raise typer.Exit(2)
