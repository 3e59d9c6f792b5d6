"""Pages of the second step: allauth's views with our templates, where two clicks at once do no harm."""

import json
from functools import wraps
from typing import Any

from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth, flows
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import second_steps
from accounts.sign_in_keys import Unreadable
from portal.confirmation import View, confirmed_first
from portal.presenters.qr_code import qr_code
from portal.signed_in import SignedIn

OVERVIEW = reverse_lazy("mfa_index")
MOST_PASSKEYS = 20
CHALLENGE_SECONDS = 600  # for which the session of somebody who is not signed in is kept, for their passkey


def options(found: Any) -> str:
    """Write what a browser needs for a passkey as JSON, for an attribute."""
    return json.dumps(found, default=dict)


class Overview(base.IndexView):  # type: ignore[misc]  # allauth has no types
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        found = context["authenticators"]
        codes = found.get(Authenticator.Type.RECOVERY_CODES)
        passkeys = found.get(Authenticator.Type.WEBAUTHN, [])
        return context | {
            "app": found.get(Authenticator.Type.TOTP),
            "passkeys": passkeys,
            "is_owed": second_steps.is_owed(self.request.user),
            "may_add": len(passkeys) < MOST_PASSKEYS,
            "codes_left": _codes_left(codes) if codes else None,
        }


def _codes_left(codes: Any) -> int:
    """Count what is unused without opening the seal: the page must stand where that is impossible."""
    return settings.MFA_RECOVERY_CODE_COUNT - int(codes.instance.data["used_mask"]).bit_count()


class Ask(base.AuthenticateView):  # type: ignore[misc]
    """The second step of a sign-in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        types = set(Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True))
        request_options = context.pop("js_data", {}).get("request_options")
        has_passkey = Authenticator.Type.WEBAUTHN in types
        if not has_passkey:
            context["form"].fields["code"].widget.attrs["autofocus"] = True
        return context | {"options": options(request_options) if has_passkey else "", "has_app": "totp" in types}

    def form_valid(self, form: Any) -> HttpResponse:
        """Let in, and say how many recovery codes are left after one of them: the last one must not be a surprise."""
        response: HttpResponse = super().form_valid(form)
        used = getattr(form, "authenticator", None)  # a passkey's form has none
        if used and used.type == Authenticator.Type.RECOVERY_CODES:
            left = _codes_left(Authenticator.objects.get(pk=used.pk).wrap())  # `used` is from before it was marked
            sentence = ngettext(
                "You used a recovery code; %(left)s is left. Under Account, Second step you make new ones.",
                "You used a recovery code; %(left)s are left. Under Account, Second step you make new ones.",
                left,
            )
            messages.warning(self.request, sentence % {"left": left})
        return response


class ActivateApp(totp.ActivateTOTPView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return context | {"qr": qr_code(context["totp_url"]), "secret": spaced}

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                response: HttpResponse = super().form_valid(form)
        except IntegrityError:  # a second click was faster
            return redirect(OVERVIEW)
        return response


class DeactivateApp(totp.DeactivateTOTPView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Lead to the overview where there is no app (any more)."""
        if not Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP).exists():
            return redirect(OVERVIEW)
        return super().dispatch(request, *args, **kwargs)


def _with_second_step(view: View) -> View:
    """Lead whoever has no second step to the overview: recovery codes are worth nothing without one."""

    @wraps(view)
    def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
        if not second_steps.is_on(request.user):
            messages.info(request, _("Set up an app or a passkey first: recovery codes are for whoever has lost it."))
            return redirect(OVERVIEW)
        return view(request, *args, **kwargs)

    return guarded


class _Opened:
    """A view that opens the seal of recovery codes, and says so where no key fits."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # allauth's view, which comes next
        except Unreadable:
            messages.error(request, _("Minga can no longer read your second step. Ask an administrator to end it."))
            return redirect(OVERVIEW)


class Codes(_Opened, recovery_codes.ViewRecoveryCodesView):  # type: ignore[misc]
    """The recovery codes that are left."""


class NewCodes(_Opened, recovery_codes.GenerateRecoveryCodesView):  # type: ignore[misc]
    """Replace the recovery codes with new ones."""


class DownloadCodes(_Opened, recovery_codes.DownloadRecoveryCodesView):  # type: ignore[misc]
    """The recovery codes as a text file."""


class AddPasskey(webauthn.AddWebAuthnView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        own = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
        if own.count() >= MOST_PASSKEYS:
            messages.error(request, _("You have as many passkeys as one may have. Remove one first."))
            return redirect(OVERVIEW)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(webauthn.AddWebAuthnView, self).get_context_data(**kwargs)
        return context | {"options": options(auth.begin_registration(self.request.user, True))}


class ReauthenticatePasskey(webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(webauthn.ReauthenticateWebAuthnView, self).get_context_data(**kwargs)
        return context | {"options": options(auth.begin_authentication(self.request.user))}

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form))  # type: ignore[no-any-return]


class LoginPasskey(webauthn.LoginWebAuthnView):  # type: ignore[misc]
    """Sign in with nothing but a passkey."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the challenge as JSON. Its session is short-lived: most of these are never used."""
        if not request.user.is_authenticated:
            request.session.set_expiry(CHALLENGE_SECONDS)
        return HttpResponse(options(auth.begin_authentication(user=None)), content_type="application/json")

    def form_valid(self, form: Any) -> HttpResponse:
        is_to_stay = bool(self.request.POST.get("remember"))
        self.request.session.set_expiry(settings.SESSION_COOKIE_AGE if is_to_stay else 0)
        authenticator = form.cleaned_data["credential"]
        login = Login(user=authenticator.user, redirect_url=get_next_redirect_url(self.request))
        response: HttpResponse = flows.perform_passwordless_login(self.request, authenticator, login)
        return response


authenticate = Ask.as_view()
overview = Overview.as_view()
activate_app = confirmed_first(ActivateApp.as_view())
deactivate_app = confirmed_first(DeactivateApp.as_view())
reauthenticate = base.reauthenticate
reauthenticate_passkey = ReauthenticatePasskey.as_view()
codes = _with_second_step(confirmed_first(Codes.as_view()))
new_codes = _with_second_step(confirmed_first(NewCodes.as_view()))
download_codes = _with_second_step(confirmed_first(DownloadCodes.as_view()))
add_passkey = confirmed_first(AddPasskey.as_view())
rename_passkey = webauthn.EditWebAuthnView.as_view(success_url=OVERVIEW)
remove_passkey = confirmed_first(webauthn.RemoveWebAuthnView.as_view(success_url=OVERVIEW))
login_passkey = LoginPasskey.as_view()
