"""The web process (ASGI, so that an agent's long question holds no thread)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
_django = get_asgi_application()

import portal.celery  # noqa: E402, F401 - now, so that the first to ring need not wait for it
from portal.middleware.body_limits import BodyLimit  # noqa: E402 - its parts want Django to be ready

application = BodyLimit(_django)  # type: ignore[arg-type]  # Django's types say Mapping, where ASGI has it mutable
