"""Pictures of every page, for everybody who opens it, to be looked at one by one (docs/testing.md)."""
