"""Every sentence is there in every language; numbers, money and days are as the language writes them."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.errors import RulesetError
from decision.explanation.missing import CAUSES
from decision.explanation.tell import as_text, tell
from decision.messages.catalogue import LANGUAGES, catalogue
from decision.money import TERMS
from decision.promised import KeptPromise, PromiseChange
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.test_story import ANSWERS, MILAN, RULES
from tests.unit.decision.world import NOW, STD, Table, network, order


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things_with_the_same_placeholders(language: str) -> None:
    english, other = catalogue("en").texts, catalogue(language).texts
    assert list(other) == list(english)
    for key, text in other.items():
        assert text, key
        assert placeholders(text) == placeholders(english[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_and_every_cause_has_its_words(language: str) -> None:
    texts = catalogue(language).texts
    assert {f"{term}_{more}" for term in TERMS for more in ("more", "less")} <= texts.keys()
    assert {f"term_{term}" for term in TERMS} | set(CAUSES) <= texts.keys()


def test_money_and_days_are_written_as_the_language_does() -> None:
    english, italian = catalogue("en"), catalogue("it")
    assert (english.money(11.42, "EUR"), italian.money(11.42, "EUR")) == ("11.42 EUR", "11,42 EUR")
    then, utc = datetime(2026, 8, 5, 23, 30, tzinfo=UTC), ZoneInfo("UTC")
    assert (english.day(then, utc), italian.day(then, utc)) == ("Wed 5 Aug", "mer 5 ago")
    assert english.day(then, ZoneInfo("Europe/Rome")) == "Thu 6 Aug"
    assert (english.listed(["a", "b", "c"]), italian.listed(["a", "b", "c"])) == ("a, b and c", "a, b e c")


def test_a_reason_that_ends_with_a_stop_ends_no_sentence_in_its_midst() -> None:
    shut = load_ruleset("name: n\nrules: [{id: shut, exclude: 'true', reason: Closed for works.}]")
    told = decide(order("LAMP"), MILAN, [shut], Table(ANSWERS), NOW)
    assert told.summary.endswith("without the rule shut (Closed for works).")
    assert told.missing[0].reason.endswith("(Closed for works)")
    assert told.missing[0].rules[0].reason == told.excluded[0].reason == "Closed for works."


def test_a_language_without_messages_is_refused() -> None:
    with pytest.raises(KeyError, match="choose en or it"):
        catalogue("fr")


@pytest.fixture
def decision() -> Decision:
    return decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(RULES, "7")], Table(ANSWERS), NOW, language="it")


def test_a_store_manager_is_told_in_italian(decision: Decision) -> None:
    assert decision.options[0].explanation == (
        "Un pacco da Milano Duomo (2,4 km, consegna prevista mer 4 mar, 80% nei tempi): 7,55 EUR in tutto. "
        "Rispetto alla seconda scelta (Monza e Milano Loreto) costa 4,57 EUR in meno, perché spedizione e preparazione "
        "costano 4,30 in meno e i pacchi aggiuntivi costano 1,50 in meno (extra_parcel a 1,50), anche se il rischio di "
        "ritardo pesa 1,20 in più (late_parcel a 6,00) e i possibili giorni di ritardo pesano 0,03 in più "
        "(late_day a 2,00)."
    )


def test_a_decision_can_be_told_again_in_the_other_language(decision: Decision) -> None:
    english = decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(RULES, "7")], Table(ANSWERS), NOW)
    assert tell(decision, "en") == english
    assert tell(english, "it") == decision


def test_the_text_tells_options_exclusions_and_prices(decision: Decision) -> None:
    text = as_text(decision, "en").splitlines()
    assert text[0] == "The best of 4 options costs 7.55 EUR."
    assert text[1].startswith("1. One parcel from Milano Duomo")
    assert "S4 was left out by the rule busy-store: too many visitors." in text
    assert "Without the rule busy-store the best plan would cost 1.00 EUR less." in text


def test_a_collected_order_is_not_told_of_as_a_parcel() -> None:
    asked = order("LAMP", delivery_method="click_and_collect", collect_location_id="S1")
    told = decide(asked, MILAN, [load_ruleset("name: n")], Table(ANSWERS), NOW, language="it")
    assert told.options[0].explanation.startswith("Ritiro in negozio a Milano Duomo (2,4 km, pronto lun 2 mar")


def test_what_is_missing_is_told_line_by_line_in_units() -> None:
    whole = load_ruleset("name: n\nlimits: {split_lines: false}")
    told = decide(order("LAMP", quantity=9), MILAN, [whole], Table(ANSWERS), NOW)
    (line,) = told.missing
    assert (line.quantity, line.available, line.short) == (9, 5, 4)
    assert told.summary == (
        "No plan stands: line 1 (LAMP) lacks 4 of 9 units. "
        "The order could be fulfilled with the units of a line sent from several locations."
    )
    assert "alla riga 1 (LAMP) mancano 4 pezzi su 9." in tell(told, "it").summary
    assert tell(told, "it").summary.endswith("con i pezzi di una riga spediti da più sedi.")


def test_what_would_help_is_told() -> None:
    rules = RULES.replace("max_parcels: 3", "max_parcels: 1").replace(
        "rules:", "rules:\n  - {id: shut, exclude: 'location.id == \"S1\"', reason: closed}"
    )
    told = decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(rules)], Table(ANSWERS), NOW)
    assert told.summary == (
        "No plan stands. The order could be fulfilled without the rule shut (closed), or without the rule busy-store "
        "(too many visitors), or with up to 2 parcels instead of 1."
    )
    assert tell(told, "it").summary == (
        "Nessun piano è possibile. L'ordine si potrebbe evadere senza la regola shut (closed), oppure senza la regola "
        "busy-store (too many visitors), oppure con un massimo di 2 pacchi invece di 1."
    )


def test_the_difference_to_the_other_option_is_there_as_money_too(decision: Decision) -> None:
    best, second, *_ = decision.options
    assert best.compared_with is not None
    assert [sender.location_id for sender in best.compared_with.shipments] == [s.location_id for s in second.shipments]
    for option, other in ((best, second), (second, best)):
        assert option.compared_with is not None
        assert option.compared_with.rank == other.rank
        assert sum(option.differences.values()) == pytest.approx(option.compared_with.difference, abs=1e-9)
        assert option.differences == {term: option.terms[term] - other.terms[term] for term in TERMS}


def test_one_option_keeps_what_it_is_told_against(decision: Decision) -> None:
    alone = replace(decision, options=decision.options[:1])
    assert tell(alone, "it").options[0] == decision.options[0]


def test_days_are_those_of_the_destination() -> None:
    """Half an hour before midnight in London is tomorrow in Rome."""
    net = network([{"location_id": "S1"}], [{"carrier_service_id": "STD"}], {"LAMP": {"S1": 3}})
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    hours = late - NOW
    answers = Table({"S1": (5.0, 1.0, hours / timedelta(hours=1) - 1, hours / timedelta(hours=1) + 1, 0.1)})
    decision = decide(order("LAMP"), net, [load_ruleset("name: n")], answers, NOW)
    (option,) = decision.options
    assert abs(option.shipments[0].delivery.p50_at - late) < timedelta(seconds=1)
    assert decision.timezone == "Europe/Rome"
    assert "Tue 3 Mar" in option.explanation
    assert "mar 3 mar" in tell(decision, "it").options[0].explanation


REASONS = """
name: n
rules:
  - {id: closed, exclude: 'location.id == "S1"', reason: {en: Closed for works, it: Chiuso per lavori}}
  - {id: heat, exclude: 'location.id == "S2"', reason: {it: Troppo caldo}}
  - {id: plain, exclude: 'location.id == "S3"', reason: As it is written}
"""


def test_a_rules_reason_is_told_in_the_language_of_the_answer() -> None:
    """Where it is written in it; else in the language in which it is."""
    places = ("S1", "S2", "S3")
    net = network(
        [{"location_id": p} for p in places], [{"carrier_service_id": "STD"}], {"LAMP": dict.fromkeys(places, 3)}
    )
    answers = Table(dict.fromkeys(places, (5.0, 1.0, 10.0, 20.0, 0.1)))
    english = decide(order("LAMP"), net, [load_ruleset(REASONS)], answers, NOW)
    italian = decide(order("LAMP"), net, [load_ruleset(REASONS)], answers, NOW, language="it")
    assert tell(english, "it") == italian
    assert tell(italian, "en") == english
    assert [one.reason for one in english.excluded] == ["Closed for works", "Troppo caldo", "As it is written"]
    assert [one.reason for one in italian.excluded] == ["Chiuso per lavori", "Troppo caldo", "As it is written"]
    assert {rule: reason for one in italian.relaxations for rule, reason in one.reasons.items()} == {
        one.rule_id: one.reason for one in italian.excluded
    }
    assert [rule.reason for rule in italian.missing[0].rules] == [one.reason for one in italian.excluded]
    assert "Chiuso per lavori" in italian.summary
    assert "Closed for works" not in as_text(italian, "it")
    assert italian.reasons == {
        "closed": {"en": "Closed for works", "it": "Chiuso per lavori"},
        "heat": {"it": "Troppo caldo"},
    }


@pytest.mark.parametrize("reason", ["{}", "{fr: Fermé}", "[Closed]"])
def test_a_reason_in_a_language_that_nobody_tells_is_refused(reason: str) -> None:
    with pytest.raises(RulesetError, match="reason"):
        load_ruleset(f"name: n\nrules: [{{id: closed, exclude: 'true', reason: {reason}}}]")


def test_the_whole_of_a_decision_says_whether_the_promise_is_kept(decision: Decision) -> None:
    promised_at = NOW.replace(hour=23, minute=0)  # midnight in Milan: the end of that day
    less_sure = PromiseChange("probability", {"on_time": 0.902, "confidence": 0.953})
    kept = KeptPromise(promised_at, 0.953, 0.957, kept=True, rank=1, waits_until=None)
    broken = replace(kept, on_time=0.902, kept=False, changed=(less_sure,))
    without = replace(kept, on_time=None, kept=False, rank=None, changed=(PromiseChange("no_plan"),))
    waiting = replace(kept, rank=None, waits_until=NOW)
    in_vain = replace(waiting, on_time=0.8, kept=False, waits_until=None, changed=(less_sure,))
    for promise, english, italian in (
        (waiting, "95% sure. Once its stock has come, that is kept: 95% sure.", "Arrivata la merce che manca, è"),
        (in_vain, "Even once its stock has come, that is less sure: 80%.", "Anche arrivata la merce che manca, è meno"),
        (kept, "Mon 2 Mar was promised, 95% sure. Option 1 keeps that: 95% sure.", "L'opzione 1 lo mantiene"),
        (broken, "95% sure. No option is as sure; option 1 makes it with 90%.\nStock, rules, places", "arriva al 90%"),
        (without, "95% sure. No plan stands to keep that.\nNo plan stands, though", "Nessun piano è possibile per"),
    ):
        told = replace(decision, promise=promise)
        assert english in as_text(told, "en")
        assert italian in as_text(told, "it")


@pytest.mark.parametrize(
    ("units", "asked", "english", "italian"),
    [
        ((0,), 1, "lacks its one unit.", "manca l'unico pezzo."),
        ((0,), 1, "at the one location that keeps it (0 on hand)", "nell'unica sede che lo tiene (giacenza 0)"),
        ((0, 0), 2, "lacks 2 of 2 units.", "mancano 2 pezzi su 2."),
        ((0, 0), 2, "at all 2 locations that keep it (0 on hand)", "in tutte le 2 sedi che lo tengono (giacenza 0)"),
        ((1, 1), 3, "lacks 1 of 3 units.", "manca 1 pezzo su 3."),
        ((1, 1), 3, "could be fulfilled without 1 unit of line 1.", "si potrebbe evadere senza 1 pezzo della riga 1."),
        ((1, 1), 5, "could be fulfilled without 3 units of line 1.", "si potrebbe evadere senza 3 pezzi della riga 1."),
    ],
)
def test_one_is_told_as_one_and_many_as_many(units: tuple[int, ...], asked: int, english: str, italian: str) -> None:
    told = small(units, asked, "name: n")
    assert english in as_text(told, "en")
    assert italian in as_text(told, "it")


def small(units: tuple[int, ...], asked: int, rules: str) -> Decision:
    """Decide an order for so many lamps, of which the places A, B, … have so many units."""
    places = [{"location_id": name} for name, _ in zip("ABCDE", units, strict=False)]
    net = network(places, [STD], {"LAMP": dict(zip("ABCDE", units, strict=False))})
    costs = Table({name: (cost, 0.0, 10.0, 30.0, 0.1) for name, cost in zip("ABCDE", COSTS, strict=True)})
    return decide(order("LAMP", quantity=asked), net, [load_ruleset(rules)], costs, NOW)


#: A parcel from B costs 4 thousandths more than one from A.
COSTS = (5.0, 5.004, 9.0, 9.0, 9.0)


def test_what_a_partial_plan_leaves_out_is_told_as_left_out() -> None:
    told = small((1, 1), 3, "name: n\nlimits: {allow_partial: true}")
    assert "; 1 unit of line 1 is left out." in told.options[0].explanation
    assert "Line 1 (LAMP), 1 left out: dearer to send" in as_text(told, "en")
    assert "; 1 pezzo della riga 1 resta escluso." in tell(told, "it").options[0].explanation


def test_fractions_of_a_cent_are_no_tie() -> None:
    best, _ = small((1, 1), 1, "name: n").options
    assert best.explanation.endswith("It costs the same as the next option (B) to the cent.")


def test_a_reason_that_is_a_sentence_ends_once() -> None:
    told = small((1, 1), 1, "name: n\nrules: [{id: a, exclude: 'location.id == \"A\"', reason: Shut for works.}]")
    assert "A was left out by the rule a: Shut for works.\n" in f"{as_text(told, 'en')}\n"
