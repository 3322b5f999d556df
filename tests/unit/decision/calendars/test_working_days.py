"""Public holidays of a country and a region, however the region is told."""

from datetime import date

import pytest

from decision.calendars.working_days import is_public_holiday

ALL_SAINTS = date(2027, 11, 1)


@pytest.mark.parametrize(
    ("day", "country", "region", "holiday"),
    [
        (date(2026, 12, 25), "IT", None, True),
        (date(2027, 8, 15), "IT", "Lazio", True),  # a region that the library does not list keeps the country's
        (date(2026, 12, 7), "IT", None, False),
        (date(2026, 12, 7), "IT", "MI", True),
        (date(2026, 12, 7), "IT", "Milano", True),
        (ALL_SAINTS, "DE", None, False),
        (ALL_SAINTS, "DE", "BE", False),
        (ALL_SAINTS, "DE", "BY", True),
        (ALL_SAINTS, "DE", "DE-BY", True),
        (ALL_SAINTS, "DE", "Bayern", True),
        (date(2026, 12, 25), "XX", "BY", False),
    ],
)
def test_a_region_keeps_its_public_holidays_by_code_or_name(
    day: date, country: str, region: str | None, holiday: bool
) -> None:
    assert is_public_holiday(day, country, region) is holiday
