"""One decision as the service makes it, from the order that was sent to the record that can be replayed."""
