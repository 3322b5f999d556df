"""The answer of a bulk feed."""

from pydantic import BaseModel, Field


class RejectedRow(BaseModel):
    """A row that was not taken."""

    index: int = Field(description="its place in the feed, from 0")
    field: str
    reason: str


class FeedAnswer(BaseModel):
    """Every row sent is either accepted or listed in `rejected`."""

    received: int
    accepted: int
    outdated: int = Field(description="of the accepted: those that changed nothing, since a later record was known")
    rejected: list[RejectedRow]
