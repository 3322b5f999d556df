"""What is allowed and what it is worth: rulesets as people write them, what they may mention, and rules applied."""
