"""What to do: candidates, rules, plans, ranking, explanation. Pure: values in, values out."""
