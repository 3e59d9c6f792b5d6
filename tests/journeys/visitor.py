"""A person in a real browser, and in a terminal with what the browser gave them."""

import os
import shlex
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

from tests.chromium import MILLISECONDS
from tests.journeys.stack import ROOT, Stack, wait_for
from tests.waiting import PATIENCE

SHOTS = Path(os.environ.get("MINGA_SHOTS") or ROOT / "tests" / "shots")
BUILD_SECONDS = {"simulated": 180, "qemu": 400, "openstack": 400}  # real guests boot without KVM on a busy machine
# Notes what the page shows, ten times a second. It is gone after a reload: that is how one is noticed.
RECORDER = """() => {
  window.percents = [];
  setInterval(() => {
    const bar = document.querySelector("#live .bar progress");
    if (bar && window.percents.at(-1) !== bar.value) window.percents.push(bar.value);
  }, 100);
}"""


class Visitor:
    """A person with a browser window."""

    def __init__(
        self, browser: Browser, stack: Stack, *, script: bool = True, language: str = "en", width: int = 1280
    ) -> None:
        self.stack = stack
        self.seconds = BUILD_SECONDS[stack.kind]
        self.context = browser.new_context(
            base_url=stack.url,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="light",
        )
        self.context.set_default_timeout(MILLISECONDS)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.context.add_cookies([{"name": "django_language", "value": language, "url": stack.url}])
        self.page: Page = self.context.new_page()

    def sign_in(self, name: str, password: str = "minga") -> "Visitor":
        self.page.goto("/")
        self.page.locator("[name=login]").fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("main button.main").click()
        self.page.locator("#user-menu").wait_for()  # each role lands on a page of its own
        return self

    def add_key(self, public: str) -> None:
        self.page.goto("/keys/")
        self.page.locator("[name=public_key]").fill(public)
        self.page.locator("form[action='/keys/'] button").click()
        self.page.locator(".note.tone-on").wait_for()

    def have_a_key_made(self, folder: Path) -> Path:
        """Press the button, save the file that it offers."""
        self.page.goto("/keys/")
        self.page.locator("form[action='/keys/make/'] button").click()
        with self.page.expect_download() as download:
            self.page.locator("#save-key").click()
        file = folder / download.value.suggested_filename
        download.value.save_as(file)
        file.chmod(0o600)
        return file

    def launch(self, name: str, template: str = "first-steps") -> str:
        """Fill in the card of a template and press its button; the machine's id."""
        self.page.goto("/launch/")
        form = self.page.locator("form.launch").filter(has=self.page.locator(f"input[name=template][value={template}]"))
        form.locator("summary").click()
        form.locator("[name=name]").fill(name)
        form.locator("button").click()
        return self.machine

    @property
    def machine(self) -> str:
        """The id of the machine whose page is open."""
        self.page.wait_for_url("**/machines/*/")
        return self.page.url.rstrip("/").rpartition("/")[2]

    def press(self, verb: str) -> None:
        """Press a button; of those in the menu, once that is unfolded."""
        button = self.page.locator(f"#do-{verb}")
        if not button.is_visible():
            self.page.locator("#more").click()
        button.click()

    def open_tab(self, name: str) -> None:
        self.page.locator(f"#tab-{name}").click()
        self.page.locator(f"#tab-{name}[aria-current]").wait_for()

    def sees(self, state: str, *, seconds: float | None = None) -> None:
        """Wait until the page says so by itself."""
        live = self.page.locator(f"#live[data-state={state}]")
        live.wait_for(state="attached", timeout=1000 * (seconds or self.seconds))

    def record(self) -> None:
        self.page.evaluate(RECORDER)

    def recorded(self) -> list[int]:
        """The percentages seen since `record`. Fails when the page was loaded anew meanwhile."""
        assert self.page.evaluate("'percents' in window"), "the page was loaded anew"
        return [int(value) for value in self.page.evaluate("window.percents")]

    def copied(self, line: str) -> str:
        """Press the copy button beside a line; what is on the clipboard then."""
        self.page.locator(f"#{line}-copy").click()
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def follow(self, address: str) -> None:
        """Go to an address of the portal as by one of its links: whoever types the first one may be led elsewhere."""
        with self.page.expect_navigation():
            self.page.evaluate("address => { location.href = address }", address)

    def service(self, name: str) -> Locator:
        """The line of one service among the ways in, or among the ports."""
        return self.page.locator("#live .services > li").filter(has=self.page.get_by_text(name, exact=True))

    def used(self) -> dict[str, str]:
        """The quota bars of My machines, as people read them: {"Machines": "1 of 2"}."""
        self.follow("/")
        gauges = self.page.locator("#quota .gauge div").all()
        return {g.locator("span").first.inner_text(): g.locator("span").last.inner_text() for g in gauges}

    def shoot(self, name: str, *, whole: bool = True) -> None:
        """A picture of the page, or of what fits into the window."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{self.stack.kind}-{name}.png", full_page=whole)


def says(line: str, key: Path, command: str, words: str) -> None:
    """Wait until a command says these words in a machine: a port may be told to be open a moment before its agent has opened it."""
    said: list[subprocess.CompletedProcess[str]] = []

    def is_said() -> bool:
        said[:] = [run(line, key, command)]
        return said[0].stdout.strip() == words

    wait_for(is_said, PATIENCE, f"{words} of {command}", say=lambda: str(said))


def run(line: str, key: Path, command: str) -> subprocess.CompletedProcess[str]:
    """The ssh line of the page as it stands; only the key, and where the host's key is kept, are added."""
    program, *arguments = shlex.split(line)
    known = key.with_name("known_hosts")  # the same over sleep and wake: a changed host key would be refused
    own = ["-i", str(key), "-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={known}"]
    whole = [program, *own, *arguments, command]
    return subprocess.run(
        whole, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, start_new_session=True
    )


def processes_of(stack: Stack) -> list[str]:
    """Command lines of the QEMU processes that belong to one installation."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended while we looked
        if line.startswith("qemu-system") and str(stack.data) in line:
            found.append(line)
    return found
