"""Cells of the studies beside: functions of settings and seed that yield records."""
