"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass
class PageForm:
    """A form that is posted. names: of all its fields and buttons; sent: what goes out where nothing is changed, without a button."""

    url: str
    names: list[str] = field(default_factory=list)
    sent: dict[str, list[str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.found = url, list[PageForm]()
        self.form: PageForm | None = None
        self.select = self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "form":
            url = urljoin(self.url, facts.get("action", "") or self.url)
            self.form = PageForm(url) if facts.get("method", "").lower() == "post" else None
            self.found += [self.form] if self.form else []
        elif self.form and tag == "option" and self.select:
            if "selected" in facts or self.select not in self.form.sent:
                self.form.sent[self.select] = [facts.get("value", "")]
        elif self.form and (name := facts.get("name", "")):
            self._field(self.form, tag, name, facts)

    def _field(self, form: PageForm, tag: str, name: str, facts: dict[str, str]) -> None:
        form.names.append(name)
        if tag == "textarea":
            self.area, form.sent[name] = name, [""]
        elif tag == "select":
            self.select = name
        elif tag == "input" and facts.get("type") in ("checkbox", "radio"):
            form.sent.setdefault(name, []).extend([facts.get("value", "on")] if "checked" in facts else [])
        elif tag == "input" and facts.get("type") != "submit":
            form.sent.setdefault(name, []).append(facts.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.form and self.area:
            self.form.sent[self.area][0] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea":
            self.area = ""
        elif tag == "select":
            self.select = ""


def forms_of(url: str, html: str) -> list[PageForm]:
    """Return the forms of the page at an address."""
    reader = _Reader(url)
    reader.feed(html)
    return reader.found
