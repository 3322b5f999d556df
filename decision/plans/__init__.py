"""The best ways to fulfil an order: what shipments cost, the k best plans, what to relax where there is none."""
