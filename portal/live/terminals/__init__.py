"""Terminals of machines in the live process."""
