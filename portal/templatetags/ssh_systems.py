"""Tags for the steps of SSH on each system."""

from django import template
from django.http import HttpRequest

from accounts.ppk import as_ppk
from portal.ways_in import ssh_lines
from portal.ways_in.ssh import SshWay

register = template.Library()
# Names of products, alike in all languages; by the key that the style sheet knows.
SYSTEMS = {"windows": "Windows", "unix": "macOS, Linux", "putty": "PuTTY"}

register.filter("store_unix", ssh_lines.store_unix)
register.filter("store_windows", ssh_lines.store_windows)
register.filter("puttygen", ssh_lines.puttygen)
register.filter("ppk", as_ppk)


@register.filter
def config_block(way: SshWay, alias: str) -> str:
    return way.config_for(alias)


@register.filter
def code_host(way: SshWay, alias: str) -> str:
    return way.code_host(alias)


@register.filter
def code_address(way: SshWay, alias: str) -> str:
    return ssh_lines.code_address(way.code_host(alias), way.user)


@register.inclusion_tag("parts/systems.html", takes_context=True)
def choose_system(context: template.Context, *keys: str) -> dict[str, object]:
    """Draw the choice between systems, with that of the reader's browser chosen."""
    request = context.get("request")
    here = system_of(request) if request else "unix"
    return {"systems": [(key, SYSTEMS[key], key == here) for key in keys or SYSTEMS]}


def system_of(request: HttpRequest) -> str:
    """Return the system of the reader's browser. Chromium names it in a header of its own, all others in User-Agent."""
    said = request.headers.get("Sec-CH-UA-Platform", "") or request.headers.get("User-Agent", "")
    return "windows" if "Windows" in said else "unix"
