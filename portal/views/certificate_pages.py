"""A certificate of wiped disks: as a PDF for its donor and administrators, and pages on which anybody checks its number.

The page tells neither donor nor place nor operator, and no serial number: whoever has the paper or the disk types the number that they
read there, and is told whether it stands on the certificate (ADR 112).
"""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.donors import donor_links
from lib.notes import Refusal
from nodes.models import WipeCertificate
from nodes.printing import certificate_pdf
from nodes.wiping.certificate_numbers import CERTIFICATES
from portal import access
from portal.forms.wipe_forms import CertificateNumberForm, SerialForm
from portal.presenters.public_certificate import PublicCertificate
from portal.printed import answer
from portal.public_looks import look_at
from portal.signed_in import SignedIn


@require_GET
@never_cache
def signed_in(request: SignedIn, pk: int) -> HttpResponse:
    """Print a certificate for its donor, or for an administrator."""
    return _printed(get_object_or_404(access.visible(request.user, WipeCertificate), pk=pk))


@login_not_required
@require_GET
@never_cache
def by_link(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """Print a certificate of a computer of the donor whose link this is."""
    try:
        donor = donor_links.read(token)
    except donor_links.BadLink:
        return redirect("given", token)  # there they read why, and get another
    return _printed(get_object_or_404(WipeCertificate, computer__donation__donor=donor, pk=pk))


def _printed(row: WipeCertificate) -> HttpResponse:
    try:
        pdf = certificate_pdf.certificate(row)
    except Refusal as refusal:
        response = HttpResponse(str(refusal), status=refusal.status, content_type="text/plain; charset=utf-8")
        response["X-Robots-Tag"] = "noindex, nofollow"
    else:
        response = answer(pdf, certificate_pdf.file_name(row), is_kept=True)
    response["Referrer-Policy"] = "same-origin"  # the address may be a donor's link
    return response


@login_not_required
@require_safe
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Take the number of a certificate, and lead to its page, where the look is counted. A wrong check digit is told here."""
    form = CertificateNumberForm(request.GET if "number" in request.GET else None)
    if form.is_valid():
        return redirect("public-certificate", form.cleaned_data["number"])
    response = render(request, "donating/certificate_number.html", {"form": form}, status=400 if form.errors else 200)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def public(request: HttpRequest, typed: str) -> HttpResponse:
    """Show whether a certificate holds, and what became of its disks. A POST asks whether a serial number is on it."""
    title = _("This is not a certificate's number")
    pk = look_at(request, typed, CERTIFICATES, route="public-certificate", page=_page, no_number=title)
    if isinstance(pk, HttpResponse):
        return pk
    number = CERTIFICATES.written(pk)
    row = WipeCertificate.objects.select_related("computer").prefetch_related("disks").filter(pk=pk).first()
    if row is None:
        words = {"title": _("No such certificate"), "sentence": _("There is no certificate with this number.")}
        return _page(request, number, words, 404)
    return _checked(request, number, PublicCertificate(row))


def _checked(request: HttpRequest, number: str, shown: PublicCertificate) -> HttpResponse:
    form = SerialForm(request.POST if request.method == "POST" else None)
    facts: dict[str, Any] = {"shown": shown, "form": form}
    if request.method == "POST" and form.is_valid():
        facts |= {"is_asked": True, "found": shown.place_of(form.cleaned_data["serial"])}
    return _page(request, number, facts, 400 if form.errors else 200)


def _page(request: HttpRequest, number: str, facts: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, "donating/public_certificate.html", {"number": number, **facts}, status=status)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
