"""A mapping whose changed copies leave it as it was."""

from hypothesis import given
from hypothesis import strategies as st

from serving.state.shared import Shared

CONTENT = st.dictionaries(st.text(max_size=3), st.integers())


@given(CONTENT, st.lists(CONTENT, max_size=4))
def test_each_copy_has_its_changes_and_no_earlier_one(first: dict[str, int], changes: list[dict[str, int]]) -> None:
    copies, expected = [Shared(first)], [first]
    for change in changes:
        copies.append(copies[-1].updated(change))
        expected.append({**expected[-1], **change})
    for copy, content in zip(copies, expected, strict=True):
        assert dict(copy) == content
        assert len(copy) == len(content)
        assert all(name in copy and copy.get(name) == value for name, value in content.items())
    assert "none" not in copies[-1]
    assert copies[-1].get("none") is None


def test_what_does_not_change_is_not_copied() -> None:
    many = Shared({str(number): number for number in range(5_000)})
    changed = many.updated({"7": 8})
    same = sum(before is after for before, after in zip(many._parts, changed._parts, strict=True))
    assert same == len(many._parts) - 1
    assert many.updated({}) is many
