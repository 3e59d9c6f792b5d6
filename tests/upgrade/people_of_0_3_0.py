"""The people, templates, courses and gateways of the base: all that is no machine. Runs on the code of version 0.3.0 only."""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken

import catalog.actions
import courses.actions
from accounts import actions as keys
from accounts import addresses
from accounts.models import ApiWrites, OnceKey, SignInFailures, SignInTotal, TokenFacts, User
from catalog.models import Flavor, Image
from courses.models import Course, Enrolment, Lesson, Template
from portal.demo import DEFAULTS
from quotas.actions import Size, give
from quotas.models import Grant
from tests.cloud.fake import FakeCloud
from tests.factories import make_template
from tunnels.models import BlockedPort, Gateway
from tunnels.models import hash_token as hash_of_gateway

# One role each; the others are the odd ones: nothing of their own, no proven address, deactivated, a superuser.
ROLES = {"student": "student", "student2": "student", "teacher": "teacher", "donor": "donor", "admin": "admin",
         "newcomer": "student", "unproven": "student", "blocked": "student", "root": "student"}  # fmt: skip
PASSWORD = "minga"
SSH = {"name": "ssh", "port": 22, "scheme": "ssh"}
HTTP = {"name": "http", "port": 80, "scheme": "http"}
SCREEN = {"name": "screen", "port": 5900, "scheme": "vnc"}
DAY = timedelta(days=1)


def fill(cloud: FakeCloud, now: datetime) -> None:
    people = {name: _person(name, role) for name, role in ROLES.items()}
    _odd_ones(people)
    for role, amounts in DEFAULTS.items():
        Grant.objects.create(role=role, source="role", **amounts)
    give(user=people["student"], size=Size(machines=200, vcpus=400, ram_mb=400_000, disk_gb=900, ports=600, archives=90, archive_gb=900),
         by=people["admin"], reason="A long thesis", ends_at=now + 90 * DAY)  # fmt: skip
    _what_opens_doors(people, now)
    _catalog(cloud)
    _templates(people)
    _course(people, now)
    _gateways(now)


def _person(name: str, role: str) -> User:
    facts = {"email": f"{name}@example.org", "password": PASSWORD, "role": role, "first_name": name.capitalize()}
    return User.objects.create_user(username=name, **facts)


def _odd_ones(people: dict[str, User]) -> None:
    User.objects.filter(username="teacher").update(language="es")
    User.objects.filter(username="root").update(is_superuser=True, is_staff=True)
    # As written by a version before 0.3.
    old = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-the-donor", iterations=1_000)
    User.objects.filter(username="donor").update(password=old)
    people["donor"].refresh_from_db()
    unproven = EmailAddress.objects.get_or_create(user=people["unproven"], email="unproven@example.org")[0]
    EmailAddress.objects.filter(pk=unproven.pk).update(verified=False)
    EmailConfirmation.objects.create(email_address=unproven, key="k" * 64)
    group = Group.objects.create(name="Nobody uses groups")
    group.permissions.add(Permission.objects.order_by("pk")[0])
    people["admin"].groups.add(group)
    people["admin"].user_permissions.add(Permission.objects.order_by("pk")[1])


def token_of(name: str) -> str:
    """The word of a person's token, which everybody may know: 64 hexadecimal digits."""
    return name.encode().hex().ljust(64, "0")


def session_of(name: str) -> str:
    return f"session0of0{name}".ljust(32, "x")


def _what_opens_doors(people: dict[str, User], now: datetime) -> None:
    """Keys, tokens, sessions, and what is counted about sign-ins."""
    for name, user in people.items():
        word = token_of(name)
        row = AuthToken(digest=hash_token(word), token_key=word[:15], user=user, expiry=now + 80 * DAY, created=now)
        AuthToken.objects.bulk_create([row])
        TokenFacts.objects.create(token=row, name=f"Laptop of {name}", used_at=now - timedelta(hours=2))
        _session(user, session_of(name))
        addresses.note(user=user, address=f"192.0.2.{user.pk}", at=now - timedelta(hours=1))
    keys.make_key(owner=people["student"], name="Laptop", by=people["student"])
    keys.make_key(owner=people["student"], name="Casa ñandú", by=people["student"])
    keys.make_key(owner=people["admin"], name="Desk", by=people["admin"])
    old = AuthToken.objects.create(user=people["student"], expiry=None)[0]  # of a version before 0.3: no facts
    ApiWrites.objects.create(token=old.digest, minute=now.replace(second=0), count=3)
    OnceKey.objects.create(user=people["student"], key_hash="1" * 64, request_hash="2" * 64, status=200, at=now)
    OnceKey.objects.create(user=None, key_hash="3" * 64, request_hash="3" * 64, status=200, at=now)
    SignInFailures.objects.create(key="4" * 64, count=7, at=now, until=now + timedelta(minutes=5))
    SignInTotal.objects.create(kind="wrong_password", count=7)
    SignInTotal.objects.create(kind="throttled", count=2)
    cache.set("something", "kept", None)


def _session(user: User, key: str) -> None:
    facts = {
        "_auth_user_id": str(user.pk),
        "_auth_user_hash": user.get_session_auth_hash(),
        "_auth_user_backend": "portal.adapters.AuthenticationBackend",
    }
    Session.objects.create(
        session_key=key, session_data=SessionStore().encode(facts), expire_date=timezone.now() + 14 * DAY
    )


def _catalog(cloud: FakeCloud) -> None:
    catalog.actions.take_over(images=cloud.images(), flavors=cloud.flavors(), offer=True)
    Image.objects.create(cloud_id="gone", name="An old system", offered=True, missing=True)
    Image.objects.create(cloud_id="saving", name="A new system", offered=True, ready=False, status="saving")
    Image.objects.create(cloud_id="off", name="A system switched off", ready=False, status="deactivated")
    Image.objects.create(
        cloud_id="hungry", name="A hungry system", offered=True, login="root", min_ram_mb=2048, min_disk_gb=3
    )
    Flavor.objects.create(cloud_id="gone", name="An old size", vcpus=1, ram_mb=128, disk_gb=1, missing=True)


def _templates(people: dict[str, User]) -> None:
    """Make a template for each way in which a card can look."""
    image, teacher = Image.objects.get(cloud_id="linux"), people["teacher"]
    sizes = {flavor.cloud_id: flavor for flavor in Flavor.objects.all()}
    make_template(image=image, flavor=sizes["tiny"], name="Lab", summary="A lab.", position=10)
    facts: dict[str, Any] = {
        "summary": "What it is for.",
        "image": image,
        "flavor": sizes["small"],
        "services": [SSH, HTTP],
    }
    web = {"name": "Web lab", "name_es": "Laboratorio web", "summary_es": "Para qué sirve.", "icon": "web"}
    made = courses.actions.create_template(by=teacher, **facts | web | {"idle": {"idle_minutes": 90.0}})
    courses.actions.edit_template(template=made, by=teacher, summary="Build a page and show it.", position=20)
    courses.actions.create_template(by=teacher, **facts | {"name": "Draft", "published": False})
    retired = courses.actions.create_template(by=people["admin"], **facts | {"name": "Last year's"})
    courses.actions.retire_template(template=retired, by=people["admin"])
    screen = {"name": "Screen", "services": [SSH, SCREEN], "icon": "screen", "login": "lab"}
    script = {"user_data": "#!/bin/sh\ntrue"}
    courses.actions.create_template(by=people["admin"], **facts | screen | script)
    courses.actions.create_template(by=teacher, **facts | {"name": "Big", "flavor": sizes["large"]})
    for slug, cloud_id in {"no-system": "gone", "too-new": "saving", "hungry": "hungry"}.items():
        Template.objects.create(
            slug=slug, name=slug.capitalize(), **facts | {"image": Image.objects.get(cloud_id=cloud_id)}
        )
    Template.objects.create(slug="no-size", name="No size", **facts | {"flavor": Flavor.objects.get(cloud_id="gone")})


def _course(people: dict[str, User], now: datetime) -> None:
    course = Course.objects.create(slug="redes", name="Redes II", idle={"ask_minutes": 20.0})
    Course.objects.create(slug="empty", name="Empty course")
    for name, role in {"teacher": "teacher", "student": "student", "student2": "student"}.items():
        Enrolment.objects.create(course=course, user=people[name], role=role)
    for days in (-7, 1):
        Lesson.objects.create(course=course, starts_at=now + days * DAY, ends_at=now + days * DAY + timedelta(hours=2))
    Template.objects.filter(slug="lab").update(course=course)


def _gateways(now: datetime) -> None:
    """The first is made by tests.factories; it is the only one that takes new ports."""
    facts = {"ssh_host": "192.0.2.1", "host_key": "ssh-ed25519 AAAA", "first_port": 30000, "last_port": 30099}
    silent = Gateway.objects.create(
        name="silent", public_host="silent.example.org", token_hash=hash_of_gateway("silent"), enabled=False,
        heard_at=now - DAY, link_error="unreachable", faults=3, turned_away=9, links_lost=2, **facts,
    )  # fmt: skip
    Gateway.objects.create(
        name="new", public_host="new.example.org", token_hash=hash_of_gateway("new"), enabled=False, **facts
    )
    BlockedPort.objects.create(gateway=silent, port=30001, until=now + DAY)
