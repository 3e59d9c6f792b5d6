"""The words of a page, without its tags, as somebody reads them."""

import re
from html import unescape
from typing import Any


def text(reply: Any) -> str:
    body = reply.content.decode().partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ").split())
