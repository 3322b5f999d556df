"""Holidays of a country and a region, however the region is told."""

from datetime import date

import pytest

from features.holidays import Holiday, calendar_of, holidays_within, is_public_holiday

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


def test_what_many_keep_who_need_not_is_told_apart() -> None:
    """Brazil in the spring of 2018, whose state of São Paulo has a day of its own in July; by name, in Portuguese."""
    assert holidays_within("BR SP", date(2018, 5, 1), 70) == {
        0: Holiday("Dia do Trabalhador", public=True),
        30: Holiday("Corpus Christi", public=False),
        69: Holiday("Revolução Constitucionalista", public=True),
    }
    assert 69 not in holidays_within("BR", date(2018, 5, 1), 70)


@pytest.mark.parametrize(("country", "region"), [(None, None), (None, "BY"), ("XX", None), ("XX", "somewhere")])
def test_where_nobody_lists_them_there_are_none(country: str | None, region: str | None) -> None:
    assert holidays_within(calendar_of(country, region), date(2026, 12, 1), 60) == {}


@pytest.mark.parametrize("region", [None, "", "Lazio", "whatever a customer writes", "DE-BY"])
def test_a_region_without_holidays_of_its_own_keeps_those_of_its_country(region: str | None) -> None:
    """So that there are few calendars, however many regions are told."""
    assert calendar_of("IT", region) == "IT"


def test_they_are_found_across_the_year() -> None:
    """Christmas and New Year, without 2025's and 2028's."""
    found = holidays_within("DE", date(2026, 12, 20), 377)
    assert sorted(found)[:3] == [5, 6, 12]
    assert max(found) == 371
