"""What the models say: bundle format, verified loading, calibrated distributions, fast inference."""
