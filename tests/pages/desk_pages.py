"""The desk as tests ask it: an administrator's browser, buttons, and the words of its pages."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from nodes.models import Computer

LIST = "/manage/computers/"


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create(username="lukasz", first_name="Łukasz", last_name="Nowak", roles=["admin"])


def page_of(computer: Computer) -> str:
    return f"{LIST}{computer.pk}/"


def text(reply: Any) -> str:
    """Return the words of a page, without marks."""
    plain = re.sub(r"<[^>]+>", " ", reply.content.decode().partition("<main")[2])
    return " ".join(plain.replace("\u00a0", " ").replace("&#x27;", "'").split())


def forms(reply: Any) -> list[dict[str, str]]:
    """Return the hidden fields of each form that posts."""
    found = re.findall(r'<form[^>]*method="post".*?</form>', reply.content.decode(), re.DOTALL)
    hidden = [re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form) for form in found]
    return [{name: value for name, value in each if name != "csrfmiddlewaretoken"} for each in hidden]


def press(client: Client, computer: Computer, step: str, **typed: Any) -> Any:
    """Press a button of the page as it is now."""
    return client.post(page_of(computer), {"step": step, "from_state": fresh(computer).state, **typed})


def fresh(computer: Computer) -> Computer:
    return Computer.objects.get(pk=computer.pk)
