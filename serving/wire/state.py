"""Answers about the service itself: its rulesets, its bundle, its readiness."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class RulesetAnswer(BaseModel):
    """The live version of one ruleset."""

    name: str
    version: int
    position: int = Field(description="the lowest is asked first whether it applies to an order")
    published_at: datetime
    published_by: str
    document: dict[str, Any]


class RulesetsAnswer(BaseModel):
    """Every live ruleset, in the order in which they are asked."""

    rulesets: list[RulesetAnswer]


class ServedBundle(BaseModel):
    """The bundle that predicts."""

    bundle: str = Field(examples=["smista@12"])
    outcomes: int = Field(description="the last outcome that it has learnt in service; 0: none")
    calibration: str | None = Field(
        description="`day@step`: the midnight (UTC) as of which it was calibrated in service, and the last step of a "
        "shipment that was told before; null: as trained"
    )


class ModelsAnswer(BaseModel):
    """The bundle in service; null when there is none."""

    in_service: ServedBundle | None


class Missing(BaseModel):
    """One thing that decisions need."""

    what: str = Field(examples=["network"])
    do: str = Field(description="what to do about it")


class ReadyAnswer(BaseModel):
    """Whether decisions can be made, and what is missing."""

    ready: bool
    missing: list[Missing]
