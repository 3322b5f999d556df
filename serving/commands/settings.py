"""Settings of the service with what a command line chose instead."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from serving.settings import Settings

DatabaseOption = Annotated[
    str | None,
    typer.Option(help="sqlite:///FILE or postgresql://…; default: .smista/smista.db  [env: SMISTA_DATABASE_URL]"),
]


def settings_from(**chosen: object) -> "Settings":
    """Return the settings of the service, but for what was chosen here. Raises `ConfigurationError`."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from serving.errors import ConfigurationError
    from serving.settings import Settings

    try:
        told = {name: value for name, value in chosen.items() if value is not None}
        return Settings(**told)  # type: ignore[arg-type]  # each is checked by its field
    except (SettingsError, ValidationError) as error:
        raise ConfigurationError(str(error)) from error
