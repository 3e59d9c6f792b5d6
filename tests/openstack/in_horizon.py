"""A student in Horizon itself, with the account that the portal made: the same machines as on My machines, until the account is ended."""

from typing import Any

import httpx
from playwright.sync_api import Browser

from bench.horizon import HORIZON, in_horizon
from tests.journeys.stack import Person, wait_for
from tests.journeys.visitor import Visitor
from tests.openstack.installation import Installation

SETTINGS = {"HORIZON_URL": HORIZON, "KEYSTONE_USERS_FOR_STUDENTS": "on"}
INSTANCES = "/project/instances/"
SECONDS = 120.0


def is_up() -> bool:
    """Say whether there is a Horizon to look at: the bench starts it with up-horizon."""
    try:
        return httpx.get(f"{HORIZON}/auth/login/", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def ask_for_an_account(student: Visitor) -> tuple[str, str]:
    """Press the button of the page. Return name and password, once the cloud has the account."""
    page = student.page
    page.goto("/account/cloud/")
    page.locator("form[action='/account/cloud/horizon/'] button").click()
    page.wait_for_url("**/accounts/confirm/**")
    page.locator("[name=password]").fill("minga")
    page.locator("main form button.main").click()
    password = page.locator("#cloud-password").inner_text()
    name = page.locator("#cloud-name").inner_text()
    page.goto("/account/cloud/")
    wait_for(lambda: page.reload() and page.get_by_text("Ready", exact=True).count(), SECONDS, "the account is ready")
    return name, password


def sees_the_same_machines(minga: Installation, browser: Browser, admin: Any) -> None:
    """Ask for an account as the owner of a machine, find that machine in Horizon and no other, and end the account."""
    owner = Person(minga, "teacher")
    machine = owner.launch(name="in-horizon", template="first-steps")["id"]
    owner.until(machine, "running", 240)
    visitor, name = Visitor(browser, minga).sign_in("teacher"), ""
    try:
        name, password = ask_for_an_account(visitor)
        horizon = in_horizon(name, password)
        [server] = minga.servers(machine)
        found = horizon.get(INSTANCES).text
        assert ("in-horizon" in found, server.id in found) == (True, True)
        assert found.count('data-object-id="') == 1
        end_the_account(visitor, name, password)
    finally:
        for user in list(admin.identity.users(name=name)) if name else []:
            admin.identity.delete_user(user)
        owner.call("DELETE", f"machines/{machine}/")
        owner.until(machine, "gone", SECONDS)
        visitor.context.close()


def end_the_account(student: Visitor, name: str, password: str) -> None:
    """End it on its page. From then on Horizon lets nobody in by that name."""
    student.page.goto("/account/cloud/horizon/end/")
    student.page.locator("main form button").click()
    student.page.wait_for_url("**/account/cloud/")

    def is_shut_out() -> bool:
        try:
            in_horizon(name, password)
        except AssertionError:
            return True
        return False

    wait_for(is_shut_out, SECONDS, "Horizon lets the ended account in no more")
