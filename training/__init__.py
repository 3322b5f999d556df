"""Fit, backtest, register: the only place that knows MLflow."""
