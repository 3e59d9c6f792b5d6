"""A web service on a port of its own."""

from typing import Any

from portal.ways_in.ports import PortKind, PortWay


class WebWay(PortWay):
    icon = "web"
    template = "machines/ways_in/web.html"

    @property
    def url(self) -> str:
        return f"{self.kind}://{self.host}:{self.port}/"

    @property
    def details(self) -> dict[str, Any]:
        return {**super().details, "url": self.url}


HTTP, HTTPS = PortKind("http", WebWay), PortKind("https", WebWay)
