"""Consoles in the live process."""
