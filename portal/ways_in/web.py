"""A web service on a port of its own."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ways_in.port_ways import PortKind, PortWay


class WebWay(PortWay):
    icon = "web"
    row = "machines/ways_in/web.html"

    @property
    def url(self) -> str:
        return f"{self.kind}://{self.host}:{self.port}/"

    @property
    def opens_with(self) -> str:
        return _("Open it in a browser.")

    @property
    def details(self) -> dict[str, Any]:
        return {**super().details, "url": self.url}


_WORD = gettext_lazy("Web page")
HTTP, HTTPS = PortKind("http", WebWay, _WORD), PortKind("https", WebWay, _WORD)
