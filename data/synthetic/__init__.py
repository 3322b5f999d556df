"""The synthetic retailer: a seeded history in the canonical tables, and beside it the truth that made it."""
