"""A request's features are those of their definitions, however the work is shared."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.coded import Coded, CodedColumns, Repeated, factorised
from features.definitions import ENCODED, FEATURES, matrix
from features.facts import FACTS
from features.places import PLACES, coded_facts
from features.request import RequestFeatures
from features.statistics import STATISTICS
from features.trailing import Observations, means
from features.trailing_sums import TrailingSums

OF_STOCK = {"on_hand", "days_since_count", "sku", "category"}
OF_LINES = {"weight_kg", "volume_l", "longest_side_cm", "size_class", "value", "units", "lines"} | OF_STOCK
OF_LOCATIONS = {fact.name for fact in FACTS if fact.name.startswith("location_")} | {"backlog", "capacity_per_day"}
ZONES = ["Europe/Rome", "UTC", "America/Sao_Paulo"]
TEXTS = ["a", "b", "c"]
VOCABULARIES = {name: {text: code for code, text in enumerate(TEXTS)} for name in ENCODED}
MEASURES = sorted({statistic.measure for statistic in STATISTICS})


def some_columns(rng: np.random.Generator, rows: int, names: set[str], *repeated: Repeated) -> CodedColumns:
    """Random facts, some of them missing."""
    numbers, texts = {}, {}
    for fact in FACTS:
        if fact.name not in names:
            continue
        if not fact.is_text:
            numbers[fact.name] = np.where(rng.random(rows) < 0.1, np.nan, rng.uniform(0, 80, rows))
        elif fact.name == "location_timezone":
            texts[fact.name] = factorised(rng.choice(np.array(ZONES, object), rows))
        else:
            # One text comes twice among the values, another not at all.
            values = np.array([*TEXTS, "a", "unused", None], object)
            texts[fact.name] = Coded(values, rng.choice([0, 1, 2, 3, 5], rows).astype(np.intp))
    if "decided_at" in numbers:
        numbers["decided_at"] = np.full(rows, 1.77e9)
    return CodedColumns(numbers, texts, PLACES, *repeated)


def observe(trailing: TrailingSums, rng: np.random.Generator, known_at: float) -> None:
    """Outcomes of some attempts become known."""
    columns = some_columns(rng, 12, {fact.name for fact in FACTS})
    plain = {name: columns[name] for name in columns}
    for measure in MEASURES:
        trailing.observe(measure, Observations(np.full(12, known_at), rng.normal(3, 1, 12), np.ones(12), plain))


def by_definition(columns: CodedColumns, trailing: TrailingSums) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Every feature, computed for every row from plain columns."""
    plain = coded_facts({fact.name: columns[fact.name] for fact in FACTS})
    rows = len(plain["decided_at"])
    sums = trailing.as_of_now(plain, STATISTICS)
    found = means(STATISTICS, sums, trailing.heard_at(rows), trailing.landmark)
    return matrix(tuple(FEATURES), {**plain, **found}, VOCABULARIES)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 8), st.integers(0, 20))
def test_sharing_the_work_changes_no_bit(seed: int, locations: int, candidates: int, parcels: int) -> None:
    """Of locations, of candidates, of parcels; and again when outcomes have been observed meanwhile."""
    rng = np.random.default_rng(seed)
    trailing = TrailingSums(STATISTICS, 1.76e9)
    everywhere = some_columns(rng, locations, OF_LOCATIONS)
    request = RequestFeatures(trailing, VOCABULARIES)
    names = {fact.name for fact in FACTS}
    for hours in range(3):
        place = rng.integers(0, locations, candidates)
        everyone = some_columns(rng, candidates, names - OF_LOCATIONS - OF_LINES, Repeated(everywhere, place))
        lines = some_columns(rng, 2 * locations, OF_STOCK, Repeated(everywhere, np.tile(np.arange(locations), 2)))
        which = rng.integers(0, candidates, parcels)
        sizes = Repeated(some_columns(rng, 3, OF_LINES - OF_STOCK), rng.integers(0, 3, parcels))
        at_places = Repeated(lines, place[which] + locations * rng.integers(0, 2, parcels))
        columns = some_columns(rng, parcels, set(), sizes, Repeated(everyone, which), at_places)
        expected = by_definition(columns, trailing)
        assert request.matrix(tuple(FEATURES), columns).tobytes() == expected.tobytes()
        assert request.matrix(tuple(FEATURES), columns).tobytes() == expected.tobytes()
        observe(trailing, rng, 1.765e9 + 3600 * hours)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_states_that_follow_each_other_are_told_apart_and_remembered_in_one_place(seed: int, asked: list[int]) -> None:
    """The network outlives what was learnt: decisions of before and after a step may ask it in turn, for weeks."""
    rng = np.random.default_rng(seed)
    states = [TrailingSums(STATISTICS, 1.76e9)]
    observe(states[0], rng, 1.763e9)
    requests = [RequestFeatures(states[0], VOCABULARIES)]
    for hours in range(3):
        columns = some_columns(rng, 12, {fact.name for fact in FACTS})
        made = Observations(np.full(12, 1.765e9 + 3600 * hours), rng.normal(3, 1, 12), np.ones(12), columns)
        # Two of them go on from the same state.
        before = states[hours // 2]
        states.append(before.after((measure, made) for measure in MEASURES))
        requests.append(requests[hours // 2].following(states[-1]))
    everywhere = some_columns(rng, 4, {fact.name for fact in FACTS})
    requests[0].matrix(tuple(FEATURES), everywhere)
    remembered = len(everywhere._remembered)
    for at in asked:
        expected = by_definition(everywhere, states[at])
        assert requests[at].matrix(tuple(FEATURES), everywhere).tobytes() == expected.tobytes()
        assert len(everywhere._remembered) == remembered
