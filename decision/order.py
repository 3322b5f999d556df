"""The order a decision is made for."""

from dataclasses import dataclass, field
from datetime import datetime

from decision.custom import Custom
from decision.promised import Promised


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the order goes: the customer's address, or the collecting store's."""

    country: str
    postal_code: str | None = None
    region: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one product, with what the product is. Weight (kg), volume (litres) and longest side are of one unit.

    ``group``: lines with the same one ship together or not at all, as the parts of a set do.
    """

    line_id: str
    sku: str
    quantity: int
    unit_price: float | None = None
    category: str | None = None
    weight_kg: float | None = None
    volume_l: float | None = None
    longest_side_cm: float | None = None
    hazmat: bool = False
    bulky: bool = False
    fragile: bool = False
    cold: bool = False
    group: str | None = None
    tags: tuple[str, ...] = ()
    attributes: Custom = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A line asks for at least one unit."""
        if self.quantity < 1:
            raise ValueError(f"line {self.line_id}: quantity must be at least 1, not {self.quantity}")


@dataclass(frozen=True, slots=True)
class OpenShipment:
    """A shipment to the same customer and address that is not handed over yet: more can join it.

    Weight (kg), volume (litres), value and units are of all that is already in it; ``lines`` counts its order lines;
    ``longest_side_cm`` is of the longest unit in it.
    """

    shipment_id: str
    location_id: str
    carrier_service_id: str | None
    weight_kg: float | None
    volume_l: float | None
    value: float | None
    units: int
    lines: int
    longest_side_cm: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What one customer asked for. Instants are timezone-aware UTC.

    ``service_level``: the only level of carrier services that may bring it, where the customer chose one. ``promise``:
    what the customer was told, where it was a promise of `decision.promises.promising`; ``promised_at`` is its own
    then. Where a part of it was tried before: ``not_found``, the skus that locations did not find for it, with the
    location; ``passed_stages``, those whose own offers nobody accepted.
    """

    order_id: str
    placed_at: datetime
    currency: str
    delivery_method: str
    destination: Destination
    lines: tuple[Line, ...]
    channel: str | None = None
    payment_method: str | None = None
    customer_id: str | None = None
    promised_at: datetime | None = None
    collect_location_id: str | None = None
    customer_tier: str | None = None
    tags: tuple[str, ...] = ()
    attributes: Custom = field(default_factory=dict)
    open_shipments: tuple[OpenShipment, ...] = ()
    service_level: str | None = None
    not_found: tuple[tuple[str, str], ...] = ()
    passed_stages: tuple[str, ...] = ()
    promise: Promised | None = None

    def __post_init__(self) -> None:
        """An order has lines, each with its own number."""
        if not self.lines:
            raise ValueError(f"order {self.order_id} has no lines")
        if len({line.line_id for line in self.lines}) < len(self.lines):
            raise ValueError(f"order {self.order_id}: two lines have the same line_id")
