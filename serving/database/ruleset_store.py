"""Published rulesets: every version is kept, the newest of each name is live."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select

from serving.database.tables import rulesets
from serving.database.versions import next_version


@dataclass(frozen=True, slots=True)
class PublishedRuleset:
    """One version of one ruleset. Of the live ones, the lowest ``position`` is asked first whether it applies."""

    name: str
    version: int
    position: int
    published_at: datetime
    published_by: str
    document: Mapping[str, Any]


def live_rulesets(connection: Connection) -> list[PublishedRuleset]:
    """The newest version of each ruleset, in the order in which they are asked."""
    newest = select(rulesets.c.name, func.max(rulesets.c.version).label("version")).group_by(rulesets.c.name).subquery()
    rows = connection.execute(
        select(rulesets)
        .join(newest, (rulesets.c.name == newest.c.name) & (rulesets.c.version == newest.c.version))
        .order_by(rulesets.c.position)
    )
    return [
        PublishedRuleset(
            row.name, row.version, row.position, row.published_at, row.published_by, orjson.loads(row.document)
        )
        for row in rows
    ]


def ruleset_document(connection: Connection, name: str, version: int) -> Mapping[str, Any] | None:
    """The published document; ``None`` where that version was never published."""
    chosen = select(rulesets.c.document).where(rulesets.c.name == name, rulesets.c.version == version)
    document = connection.execute(chosen).scalar()
    return None if document is None else orjson.loads(document)


def publish(
    connection: Connection, name: str, document: Mapping[str, Any], now: datetime, client: str
) -> PublishedRuleset:
    """Make ``document`` (checked before) the live version of ``name``; a new name is asked after all others."""
    changed_in = next_version(connection)
    live = {ruleset.name: ruleset for ruleset in live_rulesets(connection)}
    before = live.get(name)
    published = PublishedRuleset(
        name=name,
        version=1 if before is None else before.version + 1,
        position=len(live) + 1 if before is None else before.position,
        published_at=now,
        published_by=client,
        document=document,
    )
    row = {**asdict(published), "document": orjson.dumps(document).decode(), "changed_in": changed_in}
    connection.execute(insert(rulesets).values(row))
    return published
