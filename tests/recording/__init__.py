"""What every page and API answer says, written into files: before and after a change that must not be seen (docs/testing.md)."""
