"""What can go wrong before a decision."""


class DecisionError(Exception):
    """Base of what this package raises."""


class RulesetError(DecisionError):
    """A ruleset document that cannot be used. Its text names ruleset, rule, field, line and column."""
