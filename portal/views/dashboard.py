"""The administrators' dashboard: what needs a hand now, figures, and charts by day; and what becomes of idle machines in the next days."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from machines.models import Machine
from portal.access import only
from portal.dashboard import coming_week
from portal.dashboard.charts import charts
from portal.dashboard.coming_idle import DEED_WORDS, deed_counts, shown_deeds
from portal.dashboard.day_counts import day_of
from portal.dashboard.figures import figures, pulse, roles, shown_hosts, states
from portal.dashboard.needs import needs
from portal.dashboard.request_times import request_times
from portal.dashboard.snapshot import daily, take_snapshot
from portal.models import DayCount, Finding
from portal.numbered_pages import page_of
from portal.signed_in import SignedIn

SPANS = (30, 90)  # days that the charts show


@only("see", DayCount)
@require_GET
@never_cache
def dashboard(request: SignedIn) -> HttpResponse:
    """Show what an administrator looks at first. `days`: how far back the charts go."""
    days = SPANS[1] if request.GET.get("days") == str(SPANS[1]) else SPANS[0]
    seen = take_snapshot()
    today = day_of(seen.now)
    rows = daily(days, today)
    hosts, more_hosts = shown_hosts(seen)
    context = {
        "seen": seen,
        "needs": needs(seen),
        "figures": figures(seen),
        "roles": roles(seen),
        "states": states(seen),
        "hosts": hosts,
        "more_hosts": more_hosts,
        "pulse": pulse(seen, request_times(rows, today)),
        "charts": charts(rows, days, today),
        "days": days,
        "spans": SPANS,
        "deeds": deed_counts(seen.deeds),
    }
    is_part = request.headers.get("HX-Target") == "dashboard"  # the page redraws itself
    return render(request, "dashboard/_live.html" if is_part else "dashboard/home.html", context)


@only("see", Finding)
@require_GET
@never_cache
def coming(request: SignedIn) -> HttpResponse:
    """List what becomes of machines in the next 7 days if nobody uses them, the soonest first. `deed` leaves one kind."""
    week = coming_week.stored()
    chosen = request.GET.get("deed", "")
    chosen = chosen if chosen in list(DEED_WORDS) else ""
    page = page_of(request, week.lines(chosen))
    shown = coming_week.read(page)
    ids = [each.machine for each in shown]
    machines = {row.pk: row for row in Machine.objects.alive().filter(pk__in=ids).select_related("owner")}
    counts = deed_counts(week.counts)
    context = {
        "page": page,
        "rows": shown_deeds(shown, machines),
        "counts": counts,
        "days": [(day, zip(counts, numbers, strict=True)) for day, numbers in week.by_day()],
        "chosen": chosen,
        "found_at": week.found_at,
    }
    return render(request, "dashboard/coming.html", context)
