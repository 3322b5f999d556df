"""`smista serve`: run the service."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from serving.commands.settings import DatabaseOption, settings_from


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")] = 8080,
    bundle: Annotated[Path | None, typer.Option(help="Folder of the trained bundle.  [env: SMISTA_BUNDLE]")] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Ruleset file, or folder of them, to publish at start.  [env: SMISTA_RULES]")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Answer orders over HTTP, until it is told to stop. More settings: SMISTA_… (docs/api/settings.md)."""
    import uvicorn
    from alembic.util import CommandError
    from sqlalchemy.exc import DatabaseError

    from prediction.errors import PredictionError
    from serving.app import create_app
    from serving.errors import ConfigurationError
    from serving.web.keys import DEVELOPMENT_KEY_FILE
    from serving.web.logs import configure_logs

    configure_logs()
    try:
        settings = settings_from(bundle=bundle, rules=rules, database_url=database)
        app = create_app(settings)
    except (ConfigurationError, PredictionError) as error:
        typer.echo(f"smista serve: {error}", err=True)
        raise typer.Exit(2) from error
    except DatabaseError as error:
        typer.echo(f"smista serve: the database cannot be used: {error.orig}", err=True)
        raise typer.Exit(1) from error
    except (CommandError, OSError) as error:
        typer.echo(f"smista serve: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Smista is to listen on http://{host}:{port} — the calls, with examples: http://{host}:{port}/docs")
    if not settings.api_keys:
        typer.echo(
            f"API key: in {settings.work_folder / DEVELOPMENT_KEY_FILE} (all scopes; set SMISTA_API_KEYS for your own)"
        )
    # What is there now stays: looking through it for garbage would make an order wait, now and then.
    gc.collect()
    gc.freeze()
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
