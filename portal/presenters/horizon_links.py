"""Links to Horizon, OpenStack's own pages, for administrators."""

from urllib.parse import quote

from django.conf import settings


def server_page(server_id: str) -> str:
    """Return the address of a server's page; '' where no Horizon is set up, or nothing is there to show."""
    if not settings.HORIZON_URL or not server_id:
        return ""
    return f"{settings.HORIZON_URL}/admin/instances/{quote(server_id, safe='')}/detail"
