"""Who could send what: candidates, the stock they have or await, and what the models say of them."""
