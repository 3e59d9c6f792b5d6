"""Measure given computers: codes for the program minga-intake, the facts that it reads, and what they change in the ledger.

Nothing that comes from a computer is trusted to be well-formed: its owner can write anything into its BIOS.
"""
