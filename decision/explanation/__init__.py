"""Why: the decision as data and in words, who was left out, what is missing, and what was told before and is kept."""
