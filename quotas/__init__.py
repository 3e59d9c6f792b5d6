"""How much a person may have at once: grants give it, reservations take it, admission decides.

Owns: Allowance, Grant, Reservation. Never knows what a machine is: a reservation is held for an opaque id.
"""
