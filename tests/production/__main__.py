"""`python -m tests.production [pytest's options]`: the image is built, docker-compose.yml started, looked at, and all taken away again.

Needs root and apt. What is fetched and made once is kept in MINGA_CACHE (~/.cache/minga); delete that folder to begin from nothing.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TextIO

from tests.production import base_images
from tests.production.docker_engine import Engine, die_with_parent
from tests.production.engine_tools import Tools

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
NEEDED = ("apt-get", "dpkg-deb", "unshare", "nsenter", "ip", "perl")
# The first minute of the containers is used: what looks at them last, once they have had it, comes last.
ORDER = (
    "test_image", "test_start", "test_manage", "test_visitors", "test_live", "test_agent_link", "test_launch",
    "test_health", "test_upgrade", "test_interrupted_start",
)  # fmt: skip
MINGA = "minga:test"
SECRETS = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "AGENT_ADDRESSES")
seconds: dict[str, float] = {}


def why_not() -> str:
    """A sentence if it cannot be tried here."""
    if os.geteuid() != 0:
        return "make test-production needs root (it starts a Docker engine of its own)."
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if missing := [name for name in NEEDED if not shutil.which(name, path=path)]:
        return f"make test-production needs a Debian with {', '.join(missing)}."
    return "" if Path("/dev/net/tun").exists() else "make test-production needs /dev/net/tun."


def cache_folder() -> Path:
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minga"
    return Path(os.environ.get("MINGA_CACHE") or usual).resolve() / "production"


def main() -> int:
    if reason := why_not():
        print(f"Skipped: {reason}")
        return 0
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"Another run uses {cache}. Wait for it, or set MINGA_CACHE to another folder.")
        with _work_folder(lock) as work, _timed("all"):
            code = _run(cache, work)
    print("\n" + "\n".join(f"  {spent:6.1f} s  {part}" for part, spent in seconds.items()))
    return code


@contextlib.contextmanager
def _work_folder(lock: TextIO) -> Iterator[Path]:
    """A folder for this run, written down in the lock's file, so that the next one can remove it if this one is killed."""
    lock.seek(0)
    if left := lock.read().strip():
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="minga-production-") as name:
        lock.truncate(0)
        lock.write(name)
        lock.flush()
        Path(name).chmod(0o755)
        yield Path(name)
    lock.truncate(0)


def _run(cache: Path, work: Path) -> int:
    with _timed("Docker: packages"):
        engine = Engine(Tools(cache / "tools").ready(), cache / "docker", work)
    try:
        with _timed("Docker: start"):
            engine.start()
        _make_images(engine, cache)
        with _timed("tests"):
            return _tests(engine, work)
    finally:
        with _timed("taking away"):
            _tidy(engine)


def _make_images(engine: Engine, cache: Path) -> None:
    with _timed("image: Python"):
        base_images.make_python(engine, cache)
    with _timed("image: Minga (docker compose build)"):
        _build(engine)
    with _timed("images: Redis, PostgreSQL"):
        base_images.make_redis(engine)
        base_images.make_postgres(engine, MINGA)
    for image, what in base_images.STAND_INS.items():
        print(f"  stands in for {image}: {what}")


def _build(engine: Engine) -> None:
    """The Dockerfile as it is. The compose file wants its secrets also for building."""
    environment = {
        **engine.environment(),
        **dict.fromkeys(SECRETS, "only-for-building"),
        "MINGA_VERSION": MINGA.partition(":")[2],
    }
    command = ["docker", "compose", "--env-file", "/dev/null", "build", "--build-arg", f"PYTHON={base_images.PYTHON}"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"The image could not be built:\n{(ran.stdout + ran.stderr)[-4000:]}")


def _tests(engine: Engine, work: Path) -> int:
    options = sys.argv[1:]
    files = [str(HERE / f"{name}.py") for name in ORDER if (HERE / f"{name}.py").exists()]
    if any(option.endswith(".py") or ".py::" in option for option in options):
        files = []
    # The tests' own conftest would start a PostgreSQL and a Redis, which nobody needs here.
    command = [
        *engine.inside(),
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:django",
        f"--confcutdir={HERE}",
        *files,
        *options,
    ]
    environment = {**engine.environment(), "MINGA_WORK": str(work), "MINGA_ENGINE_PID": str(engine.first)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, preexec_fn=die_with_parent)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        raise


def _tidy(engine: Engine) -> None:
    """Remove what this run's builds left untagged; the builder's cache stays for the next run, up to a size."""
    with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired, FileNotFoundError):
        if left := engine.docker("ps", "--all", "--quiet", seconds=20).stdout.split():
            engine.docker("rm", "--force", "--volumes", *left, seconds=60)
        engine.docker("image", "prune", "--force", seconds=60)
        engine.docker("builder", "prune", "--force", "--keep-storage", "4GB", seconds=60)
    engine.stop()


@contextlib.contextmanager
def _timed(part: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{part} …", flush=True)
    try:
        yield
    finally:
        seconds[part] = time.monotonic() - began


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
