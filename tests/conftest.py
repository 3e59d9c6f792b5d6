"""The ground of all tests: a real PostgreSQL and a real Redis, and the cast of people.

The servers are started here and not in a fixture: Django's settings read their addresses, and pytest-django reads the settings
before any fixture.
"""

import fcntl
import gc
import inspect
import os
import signal
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from deploy.local import child, pidfiles
from deploy.local.errors import LauncherError
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from lib import events
from tests.ports import free_port
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    import subprocess

    from accounts.models import User

DATA = Path(os.environ.get("MINGA_TEST_DATA", ".data-test")).resolve()
PASSWORD = "minga"
READY_SECONDS = 90.0
# xdist groups that take long, in the order of their start: the longest first, those that wait beside those that work: at the
# end of a run they would wait for each other. The short tests come last and even out the end.
LONG_GROUPS = (
    "simulated-stack", "debian-stack", "pages-in-a-browser", "test_agent-openssh", "contract-qemu", "accounts-in-a-browser", "qemu-stack",
    "test_agent-embedded", "guests-qemu", "upgrade-of-make-run", "tunnels-dialing", "test_waiting-openssh", "test_waiting-embedded", "oidc",
    "backup", "test_waiting_clients-openssh", "test_waiting_clients-embedded", "questions-in-a-browser", "tunnels-end-to-end",
    "test_agent_program-openssh", "test_agent_program-embedded", "contract-simulated", "guests-simulated",
)  # fmt: skip
LONGEST_IN_A_NAME = 150  # characters of a value in the name of a test
# What was compiled is kept, whatever the environment says: else each worker rewrites the assertions of all tests anew, and each
# process that a test starts compiles all of ours.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A Redis of a busy computer may take longer than half a second, and for five seconds no test of this process would send a hint.
events.CONNECT_SECONDS = PATIENCE
_running: list[tuple["subprocess.Popen[bytes]", child.Program]] = []
_lock: list[TextIO] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        # A Redis database for each xdist worker; it has sixteen, and zero is for a run without workers.
        number = int(worker.removeprefix("gw")) % 15 + 1
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rpartition("/")[0] + f"/{number}"
    else:
        try:
            _start_servers()
        except LauncherError as error:
            pytest.exit(str(error), returncode=1)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()
    _make_cheaper()


def _make_cheaper() -> None:
    """Change what costs processor in every test; what production has is tested in test_passwords.py and by the whole stacks of tests/journeys."""
    from django.conf import settings

    from tests import emptying

    # The real hasher takes 0.2 s for each of some 1,500 people.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Each test client makes the middleware anew, and WhiteNoise then reads all static files: 0.04 s. So it looks when asked.
    settings.WHITENOISE_AUTOREFRESH = True
    emptying.use()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while all tests are imported, which would take 0.7 s of each worker's processor time.

    What is imported by then is left out of it for good: it would take some percent more.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its length: each worker sends the names of all tests, and one was of 60 MB."""
    return f"{argname}-of-{len(val)}" if isinstance(val, str | bytes) and len(val) > LONGEST_IN_A_NAME else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_starts_after)


def _starts_after(item: pytest.Item) -> int:
    """Count the long groups that start before this test's."""
    group = next((mark.args[0] for mark in item.iter_markers("xdist_group")), "")
    return LONG_GROUPS.index(group) if group in LONG_GROUPS else len(LONG_GROUPS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Close the browser before a test that needs none, and before the database goes."""
    if not item.get_closest_marker("browser"):
        return (yield)
    from tests import chromium

    chromium.is_last_in_row = not (nextitem and nextitem.get_closest_marker("browser"))
    try:
        return (yield)
    finally:
        if chromium.is_last_in_row:
            chromium.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    while _running:
        process, program = _running.pop()
        child.end(process, program, pidfile=_record(program.name))
    while _lock:
        _lock.pop().close()


def _record(name: str) -> Path:
    return DATA / "run" / f"{name}.pid"


def _start_servers() -> None:
    _take_lock()
    for name in ("postgres", "redis"):
        pidfiles.end_leftover(_record(name), gently=signal.SIGINT, seconds=30)
    postgres = Postgres(DATA / "postgres", free_port(), PASSWORD, careless=True)
    redis = Redis(DATA / "redis", free_port(), PASSWORD)
    postgres.prepare()
    redis.prepare()
    _start(
        child.Program(
            "postgres", postgres.command(), folder=postgres.folder, become=postgres.become, gently=signal.SIGINT
        )
    )
    _start(child.Program("redis", redis.command()))
    os.environ.update(
        SECRET_KEY="tests-only-" + "x" * 50, DATABASE_URL=postgres.url, REDIS_URL=redis.url, DB_POOL="off", DEBUG="off",
        FILES_DIR=str(DATA / "files"), STATIC_MANIFEST="off", STATIC_ROOT=str(DATA / "no-static"), ALLOWED_HOSTS="127.0.0.1,localhost,testserver",
    )  # fmt: skip
    _wait_for(postgres.url)


def _take_lock() -> None:
    """Two runs at once on one folder would end each other's servers."""
    (DATA / "files").mkdir(parents=True, exist_ok=True)
    lock = (DATA / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise LauncherError(
            f"Another test run uses {DATA}. Wait for it, or set MINGA_TEST_DATA to another folder."
        ) from None
    _lock.append(lock)


def _start(program: child.Program) -> None:
    log = DATA / "logs" / f"{program.name}.log"
    _running.append((child.start(program, log=log, pidfile=_record(program.name)), program))


def _wait_for(url: str) -> None:
    import psycopg

    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise LauncherError(f"PostgreSQL of the tests did not answer: {error}. See {DATA / 'logs'}.") from None
            time.sleep(0.05)


@pytest.fixture(autouse=True)
def _no_cache_between_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """A language that a test switched on must not reach the next."""
    yield
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_connection_of_a_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """A coroutine asks the database in the one thread of asgiref's, which would keep its connection for all tests that follow."""
    yield
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        from asgiref.sync import SyncToAsync
        from django.db import connections

        SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any) -> None:
    """Make each worker's database a copy of one that has all tables."""
    from django.db import connection

    from tests import ready_database

    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = ready_database.ready(DATA)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """End a session that a thread of some test left, before the database goes, and say what it asked last."""
    yield
    from tests import sessions

    with django_db_blocker.unblock():
        sessions.end_others()


def _person(username: str, role: str) -> "User":
    from accounts.models import User

    return User.objects.create_user(username=username, password=PASSWORD, email=f"{username}@example.org", roles=[role])


@pytest.fixture
def student(db: None) -> "User":
    return _person("student", "student")


@pytest.fixture
def student2(db: None) -> "User":
    """The stranger: another student, who must see nothing of the first."""
    return _person("student2", "student")


@pytest.fixture
def teacher(db: None) -> "User":
    return _person("teacher", "teacher")


@pytest.fixture
def donor(db: None) -> "User":
    return _person("donor", "donor")


@pytest.fixture
def admin(db: None) -> "User":
    return _person("admin", "admin")
