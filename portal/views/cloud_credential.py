"""A clouds.yaml with a credential of one's own, for programs that speak to the cloud. It is made and sent in one go, and kept nowhere."""

import json
from secrets import token_hex

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.audit.trail import Thing, record
from accounts.cloud_users import asking
from accounts.models import OutsideAccount
from accounts.outside import keystone
from accounts.outside.outside_refusals import NoAnswer, OutsideRefusal
from accounts.outside.sign_in import within
from cloud.contract import AppCredential, WhichProject
from portal.forms.outside_forms import CredentialForm
from portal.outside_outcomes import no_guess
from portal.request_facts import address_of
from portal.signed_in import SignedIn
from portal.views import cloud_user_page

PAGE = "account/cloud_credential.html"
# In the session: labels of tries without an answer. The cloud may have made what nobody got; the next try removes it.
LOST, MOST_LOST = "lost_credentials", 10


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@never_cache
def page(request: SignedIn) -> HttpResponse:
    """Ask for the password, and send the file. People who have or may have a cloud user made here see its page instead."""
    if request.method == "GET" and asking.concerns(request.user):
        return cloud_user_page.show(request)
    account = OutsideAccount.objects.filter(user=request.user, way=keystone.WAY).first()
    if account is None or asking.concerns(request.user) or not (settings.CLOUD_SIGN_IN_URL and settings.IS_OPENSTACK):
        raise Http404
    form = CredentialForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, PAGE, {"form": form}, status=200 if request.method == "GET" else 400)
    try:
        made = _made(request, account.name, **form.cleaned_data)
    except OutsideRefusal as refusal:
        form.add_error(None, str(refusal))
        return render(request, PAGE, {"form": form}, status=refusal.status)
    if isinstance(made, AppCredential):
        return _file(request, made)
    _explain(form, made)
    return render(request, PAGE, {"form": form}, status=400)


def _made(request: SignedIn, name: str, password: str, project: str) -> AppCredential | WhichProject | None:
    """Have it made. A wrong password counts as at the sign-in."""
    label = f"minga-{timezone.now():%Y-%m-%d}-{token_hex(3)}"
    lost = request.session.get(LOST, [])
    facts = {"label": label, "project": project.strip(), "leftovers": lost}
    try:
        with limits.attempt(name=name, address=address_of(request)) as tried, no_guess(tried):
            made = within(keystone.WAY, lambda: keystone.make_credential(name, password, **facts))
            if made is not None:
                tried.succeeded()
    except NoAnswer:
        request.session[LOST] = [*lost, label][-MOST_LOST:]
        request.session.save()  # Django keeps nothing of a request that ends with a 503
        raise
    if lost and isinstance(made, AppCredential):
        del request.session[LOST]
    return made


def _explain(form: CredentialForm, made: WhichProject | None) -> None:
    """Say at its field why nothing was made."""
    if made is None:
        form.add_error("password", _("This is not your cloud password."))
    elif made.names:
        names = ", ".join(made.names[:20])
        form.add_error("project", _("Name one of your projects: %(names)s.") % {"names": names})
    else:
        form.add_error(None, _("You have no project in the cloud. Ask those who run it."))


def _file(request: SignedIn, made: AppCredential) -> HttpResponse:
    thing = Thing("credential", made.id)
    detail = {"project": made.project}
    record(by=request.user, verb="make_credential", whom=request.user, thing=thing, detail=detail, is_own_recorded=True)
    response = HttpResponse(clouds_yaml(made), content_type="application/yaml")
    response["Content-Disposition"] = 'attachment; filename="clouds.yaml"'
    return response


def clouds_yaml(made: AppCredential) -> str:
    """Return the file. JSON's texts are YAML's, too, so nothing in a name can begin a line of its own."""
    auth = {"auth_url": made.url, "application_credential_id": made.id, "application_credential_secret": made.secret}
    lines = [f"      {key}: {json.dumps(value)}" for key, value in auth.items()]
    region = [f"    region_name: {json.dumps(made.region)}"] if made.region else []
    head = ["clouds:", "  openstack:", "    auth_type: v3applicationcredential", "    identity_api_version: 3"]
    return "\n".join([*head, *region, "    auth:", *lines, ""])
