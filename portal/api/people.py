"""Signing in, who I am, my keys, my quota."""

from typing import Any

from django.contrib.auth import authenticate
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.models import AuthToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actions, limits, second_steps, tokens
from accounts.models import SshKey, User
from lib.notes import Refusal
from machines import key_changes
from portal import access
from portal.api import inputs, lists
from portal.api import serializers as s
from portal.api.filters import words
from portal.api.idempotency import GUARDED, once_for, once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.forms.second_step_forms import AuthenticateForm
from portal.outside_outcomes import no_guess
from portal.request_facts import address_of
from quotas.actions import usage


class WrongPassword(Refusal):
    status = 401
    code = "wrong_password"


class SecondStepRequired(Refusal):
    status = 401
    code = "second_step_required"


class TokenView(APIView):
    """A class, unlike the others: POST must not mind an old token or a session, DELETE needs the token."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        return super().get_authenticators() if self._needs_token() else []

    def get_permissions(self) -> Any:
        return [IsAuthenticated()] if self._needs_token() else []  # also for whoever has not accepted the terms

    def _needs_token(self) -> bool:
        return self.request is not None and self.request.method == "DELETE"

    @extend_schema(
        request=inputs.Credentials, responses={200: s.Token, **dict.fromkeys((401, 409, 429, 503), s.Problem)}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Create a token for a name and a password. Only failures are counted; 429 and 503 say in Retry-After when to try again."""
        sent = body(request, inputs.Credentials)
        who = _checked(request, sent["username"], sent["password"])
        _check_second_step(request, who, sent["code"])

        def make() -> Response:
            return Response({"token": tokens.make(user=who, name=sent["name"])}, headers={"Cache-Control": "no-store"})

        return once_for(who, request, {"name": sent["name"]}, make)

    @extend_schema(responses={204: None, 401: s.Problem})
    def delete(self, request: Request) -> Response:
        """Revoke the token of this request."""
        if isinstance(request.auth, AuthToken):
            request.auth.delete()
        return Response(status=204)


GUARDED.add((TokenView.__module__, TokenView.__name__))  # in `post`, once it is known who asks


def _checked(request: Request, username: str, password: str) -> User:
    """Check a name and a password, and return the person. Raises Refusal."""
    with limits.attempt(name=username, address=address_of(request._request)) as tried, no_guess(tried):
        user = authenticate(request._request, username=username, password=password)
        if user is None:
            raise WrongPassword(_("Wrong name or password."))
        tried.succeeded()
    return user


def _check_second_step(request: Request, who: User, code: str) -> None:
    """Let a password be enough only where it is for the pages. Raises Refusal."""
    if not second_steps.is_on(who):
        return
    if not code:
        raise SecondStepRequired(
            _("This account has a second step: send a code from its app, too, or sign in with a browser.")
        )
    form = AuthenticateForm(user=who, data={"code": code})
    if not form.is_valid():
        raise SecondStepRequired(str(form.errors["code"][0]), code="wrong_code")


@extend_schema(responses=s.Me)
@api_view(["GET"])
def me(request: Request) -> Response:
    """Show who you are here."""
    who = person(request)
    return Response({"username": who.username, "role": access.main_role(who), "roles": sorted(who.held_roles)})


@extend_schema(responses=s.Quota)
@api_view(["GET"])
def quota(request: Request) -> Response:
    """Show what you have and may have."""
    return Response(s.Quota(usage(person(request))).data)


@extend_schema(
    methods=["GET"], description="List your SSH keys.", parameters=lists.PARAMETERS, responses=s.KeyOut(many=True)
)
@extend_schema(
    methods=["POST"],
    description="Add an SSH key.",
    request=inputs.KeyIn,
    responses={201: s.KeyOut, 400: s.Problem, 409: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def keys(request: Request) -> Response:
    """List your SSH keys; or add one."""
    who = person(request)
    if request.method == "POST":
        return Response(s.KeyOut(actions.add_key(owner=who, by=who, **body(request, inputs.KeyIn))).data, status=201)
    rows, headers = page(request, access.visible(who, SshKey), "created_at", "pk")
    return lists.answer(request, s.KeyOut(rows, many=True).data, headers)


@extend_schema(request=inputs.KeyName, responses={201: s.MadeKey, 400: s.Problem, 409: s.Problem})
@api_view(["POST"])
@once_per_key
def make_key(request: Request) -> Response:
    """Have a key made, and get its private half once. It is in this answer and nowhere else."""
    who = person(request)
    row, private = actions.make_key(owner=who, name=body(request, inputs.KeyName)["name"], by=who)
    made = {**s.KeyOut(row).data, "private_key": private}
    return Response(made, status=201, headers={"Cache-Control": "no-store"})


@extend_schema(methods=["GET"], description="Show an SSH key.", responses={200: s.KeyOut, 404: s.Problem})
@extend_schema(
    methods=["DELETE"],
    description="Remove an SSH key.",
    parameters=[OpenApiParameter("take_out", bool, description="true: take it out of your machines that run, too.")],
    responses={204: None, 404: s.Problem},
)
@api_view(["GET", "DELETE"])
def key(request: Request, pk: int) -> Response:
    """Show a key; or forget it."""
    row = get_object_or_404(SshKey, user=person(request), pk=pk)
    if request.method == "DELETE":
        take_out = words(request, "take_out", ("true", "false")) == ["true"]
        with transaction.atomic():
            key_changes.before_key_goes(key=row, by=person(request), from_machines=take_out)
            actions.remove_key(key=row, by=person(request))
        return Response(status=204)
    return Response(s.KeyOut(row).data)
