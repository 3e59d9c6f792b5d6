"""Commands for signing in, and for what belongs to the person."""

import getpass
import os
import platform
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from ..client import Client
from ..errors import MingaError, NotSignedIn, OtherServer, Refused
from . import config
from .output import as_json, remark, say, table
from .session import client

IN_DOUBT = "The token is forgotten here, but perhaps not revoked: look at your page Account."


def login(args: Namespace) -> None:
    """Get a token by the browser, or try one that was made before; keep it if it is good.

    It is never an argument: others on this computer read command lines.
    """
    url = _url(args.url)
    token = _typed(url) if args.token else _by_browser(url)
    me = Client(url, token).me()
    config.write(config.Config(url, token))
    say(f"Signed in at {url} as {me.username}.")


def _url(given: str) -> str:
    url = (given or os.environ.get("MINGA_URL", "") or config.read().url).rstrip("/")
    if not url:
        raise MingaError("Say where your Minga is: minga login https://labs.example.org")
    return url if "://" in url else f"https://{url}"


def _by_browser(url: str) -> str:
    minga = Client(url)
    try:
        codes = minga.begin_sign_in(name=_computer())
    except Refused as error:
        if error.status != 404:
            raise
        raise OtherServer("This portal is older and cannot sign in by browser. Do this: minga login --token") from None
    remark(f"Open {codes.verification_uri} in a browser, and type this code there: {codes.user_code}")
    return minga.finish_sign_in(codes).token


def _computer() -> str:
    """Return what this computer calls itself, as the name of the token."""
    return "".join(char for char in platform.node() if char.isascii() and char.isprintable())[:60].strip() or "minga"


def _typed(url: str) -> str:
    if not sys.stdin.isatty():
        token = sys.stdin.readline().strip()
    else:
        remark(f"Make a token at {url}/account/ and paste it here. It is not shown.")
        token = getpass.getpass("Token: ").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise MingaError("That is no token.")
    return token


def logout(args: Namespace) -> None:
    """Forget the token whatever happens; say so where it could not be revoked."""
    kept = config.read()
    if not kept.token:
        raise NotSignedIn(401, "not_signed_in", "You are not signed in.")
    config.forget()
    try:
        Client(kept.url, kept.token).sign_out()
    except NotSignedIn:
        pass  # it had ended already
    except KeyboardInterrupt:
        remark(IN_DOUBT)
        raise
    except MingaError as error:
        error.args = (f"{IN_DOUBT} {error}",)
        raise
    say(f"Signed out of {kept.url}.")


def whoami(args: Namespace) -> None:
    kept, me = config.load(), client().me()
    if args.json:
        return as_json({"url": kept.url, **asdict(me)})
    say(f"{me.username} ({', '.join(me.roles)}) at {kept.url}")


def quota(args: Namespace) -> None:
    found = client().quota()
    if args.json:
        return as_json(found)
    rows = [(name, str(of["used"]), str(of["limit"]), str(of["left"])) for name, of in asdict(found).items()]
    table(("", "USED", "LIMIT", "LEFT"), rows)


def keys(args: Namespace) -> None:
    minga = client()
    if args.add:
        text = Path(args.add).expanduser().read_text(encoding="utf-8", errors="replace").strip()
        if "PRIVATE KEY" in text:
            raise MingaError(f"{args.add} is a private key, which stays with you. Add the file that ends in .pub.")
        minga.add_key(text, name=Path(args.add).stem)
    if args.remove is not None:
        minga.remove_key(args.remove)
    found = list(minga.keys())
    if args.json:
        return as_json(found)
    table(("ID", "NAME", "FINGERPRINT"), [(str(key.id), key.name, key.fingerprint) for key in found])
