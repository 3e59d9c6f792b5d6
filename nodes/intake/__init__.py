"""Measure given computers: codes for the program minga-intake, the facts that it reads, and what they change in the ledger.

Nothing that comes from a computer is believed to be well-formed: whoever has it can write into its BIOS what they like.
"""
