"""Around every request: who may, how often, what is read, what is told when it fails, what is logged and counted."""
