"""A kind of notice of the tests' own, and notices of it."""

from datetime import UTC, datetime
from typing import Any

from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from accounts.notices.kinds import Kind

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def facts(notice: Notice) -> dict[str, Any] | None:
    """None where the arguments say that the thing is gone; an exception where they are poisoned."""
    if notice.arguments.get("gone"):
        return None
    return {"subject": f"Hello {notice.arguments['name']}", "at": NEW_YEAR}


LETTER = Kind("test.letter", "Letters", facts, "letter")
NEWS = Kind("test.news", "News", facts, "letter", may_unsubscribe=True)


def use_templates(settings: Any, folder: Any) -> None:
    """Register both kinds, with templates in `folder`."""
    (folder / "letter.txt").write_text(
        "{% load i18n %}{{ subject }} {{ at|date:'H:i' }} {% translate 'Machines' %} {{ unsubscribe }}"
    )
    (folder / "letter.html").write_text("<p>{{ subject }}</p>")
    engine = {**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], folder]}
    settings.TEMPLATES = [engine]
    for kind in (LETTER, NEWS):
        kinds.register(kind)


def letter(to: User, about: str = "thing:1", *, kind: Kind = LETTER, channel: str = "mail", **more: Any) -> Notice:
    """Put one into the outbox."""
    more.setdefault("arguments", {"name": "you"})
    outbox.send(kind=kind.name, to=to, about=about, channels=[channel], now=more.pop("now", datetime.now(UTC)), **more)
    return Notice.objects.get(recipient=to, about=about, kind=kind.name, channel=channel)


def fresh(notice: Notice) -> Notice:
    return Notice.objects.get(pk=notice.pk)
