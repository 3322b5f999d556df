"""The examples that readers of the API see are answers that it gives."""

from typing import Any

import pytest
from pydantic import BaseModel

from serving.wire import examples
from serving.wire.answer import ChangesAnswer, DecisionAnswer
from serving.wire.feed import FeedAnswer
from serving.wire.problem import Problem
from serving.wire.promise import PromisesAnswer
from serving.wire.promise_list import PromiseListAnswer


@pytest.mark.parametrize(
    ("example", "answer"),
    [
        (examples.DECISION, DecisionAnswer),
        (examples.CHANGES, ChangesAnswer),
        (examples.PROMISES, PromisesAnswer),
        (examples.PROMISES_OF_ITEMS, PromiseListAnswer),
        (examples.FEED_ANSWER, FeedAnswer),
        (examples.PROBLEM, Problem),
    ],
)
def test_every_field_of_an_answer_is_in_its_example_and_no_other(example: Any, answer: type[BaseModel]) -> None:
    told = answer.model_validate(example).model_dump(mode="json")
    assert names(told) == names(example)


def names(value: Any) -> Any:
    """The names in a JSON value, wherever they stand."""
    if isinstance(value, list):
        return [names(part) for part in value]
    return {name: names(part) for name, part in value.items()} if isinstance(value, dict) else None
