from collections import Counter
from typing import Any
from unicodedata import normalize

from django.db import migrations


def trust(apps: Any, _schema: Any) -> None:
    """Take the addresses that the university wrote down as proven.

    Whoever has been on /accounts/email/, where anybody could claim any address, has rows of allauth; their address waits for a
    proof (the link of a forgotten password is one), and so does an address that several people have.
    """
    Address = apps.get_model("account", "EmailAddress")
    people = apps.get_model("accounts", "User").objects.exclude(email="")
    unclaimed = people.exclude(pk__in=Address.objects.values("user_id")).values_list("pk", "email")
    often = Counter(_key(email) for email in people.values_list("email", flat=True))
    taken = set(Address.objects.filter(verified=True).values_list("email", flat=True))
    rows = [(pk, _key(email)) for pk, email in unclaimed]
    Address.objects.bulk_create(
        Address(user_id=pk, email=email, verified=True, primary=True)
        for pk, email in rows
        if often[email] == 1 and email not in taken
    )


def _key(email: str) -> str:
    return normalize("NFKC", email).strip().lower()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_token_facts"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [migrations.RunPython(trust, migrations.RunPython.noop)]
