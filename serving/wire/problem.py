"""Problem details (RFC 9457), as every error is answered."""

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """One thing wrong with the request."""

    field: str = Field(description="where, such as `lines[0].sku`", examples=["lines[0].sku"])
    message: str


class Problem(BaseModel):
    """Why there is no other answer."""

    type: str = Field(description="stable name of the kind of problem", examples=["urn:smista:problem:invalid-request"])
    title: str
    status: int
    detail: str = Field(description="for the person who reads it")
    instance: str
    errors: list[FieldProblem]
