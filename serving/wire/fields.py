"""What the models of requests are made of."""

from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

#: One line of text without control characters (PostgreSQL keeps no NUL, and nobody can see the others).
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Identifier: TypeAlias = Text
Country: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Currency: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), Field(description="ISO 4217")]
Latitude: TypeAlias = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude: TypeAlias = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Amount: TypeAlias = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Units: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000_000)]
#: An instant; its time zone must be written.
When: TypeAlias = AwareDatetime


class Body(BaseModel):
    """A misspelt field is an error: it must not be lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)
