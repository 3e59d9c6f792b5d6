"""Quotas: how much a person may have at once. Grants give, reservations take, admission decides.

Owns: Allowance, Grant, Reservation. Never knows what a machine is: a reservation is held for an opaque id.
"""
