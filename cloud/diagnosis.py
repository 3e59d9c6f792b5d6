"""Rows of a diagnosis: the state of something and the command that mends it. And the checks that suit every cloud."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_noop as _

from cloud.contract import Cloud, CloudError
from lib.notes import Note, memory

Verdict = Literal["right", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Check:
    """A row of a diagnosis."""

    topic: str  # English, marked for translation; programs may rely on it
    ok: Verdict
    found: Note
    mend: str = ""  # commands or settings as they are typed, a line each: the same in every language


Text = str | tuple[str, str]  # with two forms, args["count"] chooses between them


def sentence(text: Text, args: dict[str, Any]) -> Note:
    """Return the text with its arguments as a note."""
    return Note(text, args) if isinstance(text, str) else Note(text[0], args, text[1])


def right(topic: str, text: Text, **args: Any) -> Check:
    """Return a row that says that something is in order. args: for the %(names)s of the text."""
    return Check(topic, "right", sentence(text, args))


def note(topic: str, text: Text, mend: str = "", **args: Any) -> Check:
    """Return a row that needs no action but is worth knowing. mend: see Check."""
    return Check(topic, "note", sentence(text, args), mend)


def wrong(topic: str, text: Text, mend: str = "", **args: Any) -> Check:
    """Return a row about what keeps the portal from working. mend: see Check."""
    return Check(topic, "wrong", sentence(text, args), mend)


def command(*words: str) -> str:
    """Return the words as a line that can be pasted into a shell."""
    return shlex.join(words)


def named(names: list[str], most: int = 5) -> str:
    """Return the first names of a list, with … where there are more than `most`."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def of_any(cloud: Cloud) -> Iterator[Check]:
    """Yield the checks that need the contract only; enough for the local cloud. A cloud that does not answer is one row."""
    try:
        yield right(_("Cloud"), _("It answers; its guests are: %(kind)s."), kind=cloud.kind)
        for look in ANY:
            yield look(cloud)
    except CloudError as error:
        yield wrong(_("Cloud"), _("It does not answer: %(said)s"), "make run", said=str(error)[:300])


def _images(cloud: Cloud) -> Check:
    images = cloud.images()
    ready = [image.name for image in images if image.ready]
    if not ready:
        return wrong(_("Images"), _("There is none that is ready."))
    if failed := next((image for image in images if image.fault), None):
        mend = "make run"  # the next start tries again
        return note(_("Images"), _("“%(name)s” could not be made: %(why)s"), mend, name=failed.name, why=failed.fault)
    return right(_("Images"), _("%(count)s ready: %(names)s."), count=len(ready), names=named(ready))


def _sizes(cloud: Cloud) -> Check:
    names = [flavor.name for flavor in cloud.flavors()]
    if not names:
        return wrong(_("Sizes"), _("There is none."))
    return right(_("Sizes"), _("%(count)s: %(names)s."), count=len(names), names=named(names))


def _room(cloud: Cloud) -> Check:
    room = cloud.room()
    free = room.ram_mb - room.ram_mb_used
    if free <= 0:
        return note(_("Room"), _("All memory is taken: machines wait until some is free."))
    text = _("%(free)s of %(all)s of memory are free.")
    return right(_("Room"), text, free=memory(free), all=memory(room.ram_mb))


ANY: list[Callable[[Cloud], Check]] = [_images, _sizes, _room]
