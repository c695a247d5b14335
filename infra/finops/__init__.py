"""Budgets, the guard against GPU spend, anomalies, exports and off-hours."""
