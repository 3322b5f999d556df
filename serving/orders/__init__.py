"""The life of an order: placed, held, picked, sent, collected; and what happens when a location fails."""
