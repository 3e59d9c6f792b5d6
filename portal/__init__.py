"""The site: settings, addresses, pages, API. Owns how people meet Minga; never decides anything about a machine."""

__version__ = "0.4.0"  # as in pyproject.toml and at the top of CHANGELOG.md

__all__ = ["__version__"]
