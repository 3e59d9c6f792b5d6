"""The site: settings, addresses, pages, API. Owns how people meet Minga; never decides anything about a machine."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
