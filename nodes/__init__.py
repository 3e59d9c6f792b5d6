"""Donated computers. Empty until the donors' issue."""
