"""Wiring: from settings to a service."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from prediction.errors import BundleError
from prediction.loading import load_bundle
from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.schema import is_current, migrate
from serving.database.webhook_store import tell_broker
from serving.errors import ConfigurationError
from serving.kept_lanes import find_lanes, keep_lanes
from serving.keys import development_key
from serving.live import Live, ServedPredictor
from serving.metrics import Metrics
from serving.ruleset_files import publish_files
from serving.service import Service
from serving.settings import Settings

if TYPE_CHECKING:
    from serving.broker import Broker

log = structlog.get_logger()


def now_utc() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


def build(
    settings: Settings, predictor: ServedPredictor | None = None, clock: Callable[[], datetime] = now_utc
) -> Service:
    """Open the database, bring it up to date, publish the ruleset files and load what decisions need.

    A bundle that cannot be loaded is told in the log and by `/readyz`; dates are promised without it. Raises
    `ConfigurationError`, saying what to change.
    """
    broker = _broker(settings)
    settings.work_folder.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.database)
    if settings.migrate_at_start:
        migrate(engine)
    database = Database(engine)
    if predictor is None and settings.bundle is not None:
        predictor = _loaded(settings.bundle, settings.work_folder)
    live = Live(database, predictor, clock, find_lanes(settings))
    if database.read_now(is_current):
        if settings.rules is not None:
            published = publish_files(database, settings.rules, clock())
            log.info("rulesets published", rulesets=published)
        if broker is not None:
            shown = re.sub(r"//[^@/,]*@", "//", broker.url)
            database.write_now(partial(tell_broker, url=shown, who="SMISTA_BROKER_URL", now=clock()))
        live.refresh_now()
    else:
        log.warning("the database's tables are not up to date: start with SMISTA_MIGRATE_AT_START=true")
    keys = settings.api_keys or (development_key(settings.work_folder),)
    return Service(settings, database, live, Metrics(), keys, clock, broker)


def _loaded(folder: Path, work_folder: Path) -> ServedPredictor | None:
    try:
        bundle = load_bundle(folder)
    except BundleError as error:
        log.critical("the bundle cannot be served: promises are degraded, decisions are refused", error=str(error))
        return None
    keep_lanes(folder, work_folder)
    return bundle


def _broker(settings: Settings) -> "Broker | None":
    if settings.broker_url is None:
        return None
    if not all(url.startswith(("nats://", "tls://")) for url in settings.broker_url.split(",")):
        raise ConfigurationError("SMISTA_BROKER_URL cannot be read: write nats://host:4222 (or tls://…)")
    try:
        from serving.broker import Broker  # noqa: PLC0415 (its library is an extra)
    except ModuleNotFoundError as error:
        raise ConfigurationError("SMISTA_BROKER_URL needs the extra `broker`: pip install -e '.[broker]'") from error
    return Broker(settings.broker_url)
