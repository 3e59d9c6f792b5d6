"""Idle machines: what is heard of them, whom to ask, what happens without an answer."""
