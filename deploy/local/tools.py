"""Install the programs that the tests use, where we may (Debian or Ubuntu, as root or with sudo); otherwise name them."""

import os
import shutil
import subprocess
import sys

TOOLS = {
    "chromium": ("chromium", "the tests in a browser"),
    "sshd": ("openssh-server", "the tests against OpenSSH's server"),
    "ssh": ("openssh-client", "the tests with OpenSSH's client"),
    "qemu-system-x86_64": ("qemu-system-x86", "the tests with QEMU guests"),
    "qemu-img": ("qemu-utils", "the tests with QEMU guests"),
    "xgettext": ("gettext", "the check of the translations"),
}
# The same browser without a desktop's windows, at half the processor time. Debian has it, others may not.
SHELL, CHROMIUM = "chromium-headless-shell", "chromium"
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def main() -> int:
    missing = missing_tools()
    if missing and (become := _administrator()) is not None and shutil.which("apt-get"):
        _install(become, sorted({TOOLS[tool][0] for tool in missing}))
        missing = missing_tools()
    if shutil.which(SHELL, path=PLACES) is None and (become := _administrator()) is not None:
        _install_shell(become)
    for tool in missing:
        package, skipped = TOOLS[tool]
        print(f"  {tool} is missing (package {package}): skipping {skipped}.")
    return 1 if missing and "--all" in sys.argv else 0


def missing_tools() -> list[str]:
    """Return the tools that are not installed. Either Chromium counts."""
    either = {CHROMIUM: SHELL}
    return [t for t in TOOLS if not any(shutil.which(name, path=PLACES) for name in (t, either.get(t, t)))]


def _administrator() -> list[str] | None:
    """Return how to run a command as root without being asked anything; None where we cannot."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def _install(become: list[str], packages: list[str]) -> None:
    print(f"  Installing for the tests: {' '.join(packages)} …", flush=True)
    quiet = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*quiet, "update"], stdin=subprocess.DEVNULL, capture_output=True)
    command = [*quiet, "install", "-y", "--no-install-recommends", *packages]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        print(f"  apt-get could not install them: {done.stderr.strip()[-300:]}")


def _install_shell(become: list[str]) -> None:
    """Install the shell, if there is one of the installed Chromium's version: nobody's browser is upgraded or removed for the tests."""
    version = _said("dpkg-query", "-W", "-f", "${Version}", CHROMIUM)
    if not version or f"| {version} |" not in _said("apt-cache", "madison", SHELL):
        return
    print(f"  Installing for the tests: {SHELL} …", flush=True)
    patience = ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"]
    quiet = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *patience]
    command = [*quiet, "install", "-y", "--no-install-recommends", "--no-remove", f"{SHELL}={version}"]
    # Where this fails, the tests use the other Chromium.
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)


def _said(*command: str) -> str:
    """Return the output of a command; '' where there is no such command."""
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


if __name__ == "__main__":
    sys.exit(main())
