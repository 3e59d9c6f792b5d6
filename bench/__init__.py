"""Measurements, never tests: each prints what it counted. Run them with `make bench` or one by one."""
