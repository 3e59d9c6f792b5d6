"""Pages whose address was another one until 0.3: bookmarks and open forms are led to the new one."""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponseRedirect

_NOW = {
    "templates": "/lab-templates/",
    "catalog": "/manage/catalog/",
    "servers": "/manage/servers/",
    "failures": "/manage/failures/",
    "notices": "/manage/notices/",
    "asks": "/manage/questions/",
}


def moved(request: HttpRequest, old: str, rest: str) -> HttpResponseRedirect:
    """Redirect with the same method and body (307), so that a form that was open during the upgrade loses nothing."""
    query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
    return HttpResponseRedirect(_NOW[old] + quote(rest) + query, preserve_request=True)
