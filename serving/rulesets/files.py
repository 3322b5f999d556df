"""Rulesets from files, published when the service starts."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from decision.errors import RulesetError
from decision.rules.ruleset import check_ruleset
from serving.database.database import Database
from serving.database.ruleset_store import live_rulesets, publish
from serving.errors import ConfigurationError, ServingError
from serving.rulesets.documents import read_file

PUBLISHER = "file at start"


def publish_files(database: Database, path: Path, now: datetime) -> list[str]:
    """Publish the ruleset in ``path`` (or each ``*.yaml``, ``*.yml``, ``*.json`` in that folder, by name).

    A document that is live already is left alone. Returns what was published, as ``name@version``. Raises
    `ConfigurationError` naming the file that cannot be used; nothing is published then.
    """
    documents = [_read(file) for file in _files(path)]

    def publish_changed(connection: Connection) -> list[str]:
        live = {ruleset.name: ruleset.document for ruleset in live_rulesets(connection)}
        changed = [document for document in documents if live.get(document["name"]) != document]
        published = [publish(connection, document["name"], document, now, PUBLISHER) for document in changed]
        return [f"{ruleset.name}@{ruleset.version}" for ruleset in published]

    return database.write_now(publish_changed)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in {".yaml", ".yml", ".json"})
    if not path.is_file():
        raise ConfigurationError(f"there is no ruleset file or folder {path}")
    return [path]


def _read(file: Path) -> dict[str, Any]:
    """One checked document."""
    try:
        document = read_file(file)
        if not isinstance(document, dict) or not isinstance(document.get("name"), str):
            raise ConfigurationError(f"{file}: a ruleset is a mapping with a name")
        check_ruleset(document)
    except (ServingError, RulesetError) as error:
        raise ConfigurationError(f"{file}: {error}") from error
    return document
