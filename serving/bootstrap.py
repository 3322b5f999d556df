"""Wiring: from settings to a service."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from prediction.errors import BundleError
from prediction.loading import load_bundle
from serving.database.answering import AWAY, require_answer
from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.schema import is_current, migrate
from serving.database.webhook_store import tell_broker
from serving.errors import ConfigurationError
from serving.rulesets.files import publish_files
from serving.service import Service
from serving.settings import Settings
from serving.state.kept_lanes import find_lanes, keep_lanes
from serving.state.kept_network import find_network
from serving.state.live import Live
from serving.state.served import ServedPredictor
from serving.web.keys import development_key
from serving.web.metrics import Metrics

if TYPE_CHECKING:
    from serving.telling.broker import Broker

log = structlog.get_logger()


def now_utc() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


def build(
    settings: Settings, predictor: ServedPredictor | None = None, clock: Callable[[], datetime] = now_utc
) -> Service:
    """Open the database, bring it up to date, publish the ruleset files and load what decisions need.

    A bundle that cannot be loaded is told in the log and by `/readyz`; dates are promised without it. So it is where
    the database cannot be connected to, or answers nothing, and the network of an earlier time was kept. Raises
    `ConfigurationError`, saying what to change, and what bringing the database up to date raises.
    """
    broker = _broker(settings)
    settings.work_folder.mkdir(parents=True, exist_ok=True)
    database = Database(make_engine(settings.database))
    if predictor is None and settings.bundle is not None:
        predictor = _loaded(settings.bundle, settings.work_folder)
    live = Live(database, predictor, clock, find_lanes(settings))
    keys = settings.api_keys or (development_key(settings.work_folder),)
    opening = _Opening(settings, database, live, broker, clock)
    try:
        require_answer(settings.database)
    except AWAY as error:
        kept = find_network(settings.work_folder)
        if kept is None:
            raise
        log.critical("the database does not answer: dates are promised by the network known last", error=str(error))
        live.start_with(kept)
    else:
        opening()
    return Service(settings, database, live, Metrics(), keys, clock, opening, broker)


@dataclass
class _Opening:
    """Brings the database up to date, once it answers, and reads what changed: see `Service.catch_up`."""

    settings: Settings
    database: Database
    live: Live
    broker: "Broker | None"
    clock: Callable[[], datetime]
    done: bool = False

    def __call__(self) -> None:
        if not self.done:
            require_answer(self.settings.database)  # it may be silent still: nobody is to hang on it
            self.done = self._opened()
        if self.done:
            self.live.refresh_now()
            self.live.learn_now()

    def _opened(self) -> bool:
        """Return whether the tables are as they have to be."""
        settings, database = self.settings, self.database
        if settings.migrate_at_start:
            database.write_now(migrate)
        if not database.read_now(is_current):
            log.warning("the database's tables are not up to date: start with SMISTA_MIGRATE_AT_START=true")
            return False
        if settings.rules is not None:
            published = publish_files(database, settings.rules, self.clock())
            log.info("rulesets published", rulesets=published)
        if self.broker is not None:
            shown = re.sub(r"//[^@/,]*@", "//", self.broker.url)
            database.write_now(partial(tell_broker, url=shown, who="SMISTA_BROKER_URL", now=self.clock()))
        return True


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
        from serving.telling.broker import Broker  # noqa: PLC0415 (its library is an extra)
    except ModuleNotFoundError as error:
        raise ConfigurationError("SMISTA_BROKER_URL needs the extra `broker`: pip install -e '.[broker]'") from error
    return Broker(settings.broker_url)
