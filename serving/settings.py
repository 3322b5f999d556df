"""What can be set from outside: ``SMISTA_…`` environment variables, or the options of `smista serve`."""

from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

#: What a key may do: ask for decisions, place orders, work on them in a location, feed data, change rules, look.
Scope: TypeAlias = Literal["decide", "order", "fulfil", "feeds", "operate", "read"]
SCOPES: Final[tuple[Scope, ...]] = ("decide", "order", "fulfil", "feeds", "operate", "read")


class ApiKey(BaseModel):
    """One client of the service, known by the SHA-256 of its key: the key itself is stored nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="who uses it; written into the decision log")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the key, in lower-case hexadecimal")
    scopes: frozenset[Scope] = Field(min_length=1)


class Settings(BaseSettings):
    """Settings of the service. Bytes are counted after decompression."""

    model_config = SettingsConfigDict(env_prefix="SMISTA_", frozen=True, extra="ignore")

    work_folder: Path = Field(default=Path(".smista"), description="where the embedded database and the first key live")
    database_url: str | None = Field(default=None, repr=False, description="default: SQLite in the work folder")
    broker_url: str | None = Field(
        default=None,
        repr=False,
        description="NATS with JetStream, told what webhooks are told",
    )
    bundle: Path | None = Field(default=None, description="folder of the trained bundle to serve")
    rules: Path | None = Field(default=None, description="ruleset file, or folder of them, published at start")
    api_keys: tuple[ApiKey, ...] = Field(default=(), description="JSON; default: one key, made in the work folder")
    migrate_at_start: bool = Field(default=True, description="bring the database's tables up to date at start")
    poll_seconds: float = Field(default=0.5, gt=0, description="how often changes made by other processes are sought")
    sweep_seconds: float = Field(default=1.0, gt=0, description="how often reservations and waiting orders are seen to")
    accept_within_minutes: float | None = Field(
        default=None,
        gt=0,
        le=527_040,  # a year
        description="a shipment that its location has not accepted by then goes elsewhere",
    )
    at_risk_below: float = Field(
        default=0.8, ge=0, le=1, description="a promise less sure than that is told to be at risk"
    )
    promise_milliseconds: float = Field(
        default=150, gt=0, description="after which promises are answered with what was found so far"
    )
    promise_bulk_milliseconds: float = Field(
        default=2000, gt=0, description="the same for a list of items, all of them together"
    )
    promise_valid_minutes: float = Field(default=15, gt=0, description="for which an order is decided as promised")
    hold_seconds: float = Field(
        default=5, gt=0, description="after which a promise is answered without the units that the database should hold"
    )
    bundle_days: float | None = Field(
        default=None,
        gt=0,
        description="a bundle that was trained longer ago makes no promises; default: none is too old",
    )
    state_seconds: float = Field(
        default=60, gt=0, description="a state that was not read for longer makes promises a delivery day later"
    )
    max_request_bytes: int = Field(default=1_000_000, gt=0, description="largest order or ruleset")
    max_feed_bytes: int = Field(default=256_000_000, gt=0, description="largest feed")

    @property
    def database(self) -> str:
        """URL of the database for SQLAlchemy; plain ``postgresql://`` URLs get the psycopg driver."""
        if self.database_url is None:
            return f"sqlite:///{self.work_folder / 'smista.db'}"
        scheme, separator, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else scheme + separator + rest
