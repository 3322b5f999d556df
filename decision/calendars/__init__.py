"""When: opening hours, working days, cut-offs, days of delivery, each by the clock of its place."""
