"""What decisions are made with right now, in the form that they use; kept for when the database is away."""
