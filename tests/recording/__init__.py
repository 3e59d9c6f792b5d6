"""Write every page and API answer into files, before and after a change that must not be seen (docs/testing.md)."""

SHARDS = 12  # parts of the work, for as many processes as there are
