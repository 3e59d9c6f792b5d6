"""The web process (ASGI, so that an agent's long question holds no thread)."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup(set_prefix=False)

import portal.celery  # noqa: E402, F401 - now, so that the first to ring need not wait for it
from portal.asgi_handler import Handler  # noqa: E402 - its parts want Django to be ready
from portal.middleware.body_limits import BodyLimit  # noqa: E402

application = BodyLimit(Handler())
