"""The page for operations says what the code does."""

from pathlib import Path

import yaml

from decision.rules.reference import attribute_table
from decision.rules.ruleset import compile_ruleset, default_ruleset

PAGE = (Path(__file__).parents[4] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_table_of_names_is_that_of_the_code() -> None:
    assert attribute_table() in PAGE, "run python -m decision.rules.reference and put its table into docs/rules.md"


def test_the_example_is_a_valid_ruleset() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    assert compile_ruleset(yaml.safe_load(example)).name == "home-delivery-italy"


def test_the_default_ruleset_is_valid() -> None:
    assert [stage.name for stage in default_ruleset().stages] == ["on-time", "two-days", "best-effort"]
