"""The check of the cloud as a page: the last result with its age, and a button that has a worker run it again."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.access import only
from portal.models import CloudCheck
from portal.ops.cloud_check import ask, from_json
from portal.signed_in import SignedIn


@only("see", CloudCheck)
@require_GET
@never_cache
def cloud_check(request: SignedIn) -> HttpResponse:
    check = CloudCheck.objects.filter(pk=1).first()
    rows = [from_json(row) for row in check.rows] if check else []
    counts = {ok: sum(row.ok == ok for row in rows) for ok in ("right", "note", "wrong")}
    # What is wrong comes first; else in the order in which it was looked at.
    rows.sort(key=lambda row: ("wrong", "note", "right").index(row.ok))
    is_part = request.headers.get("HX-Target") == "check"  # the page draws itself anew
    context = {"check": check, "rows": rows, "counts": counts}
    return render(request, "dashboard/_cloud_rows.html" if is_part else "dashboard/cloud.html", context)


@only("run", CloudCheck)
@require_POST
def run_cloud_check(request: SignedIn) -> HttpResponse:
    ask(timezone.now())
    return redirect("cloud-check")
