"""Images that stand in for those of Docker Hub, which cannot be reached everywhere: made from Debian's packages."""

import hashlib
import subprocess
from pathlib import Path

from tests.production.docker_engine import Engine
from tests.production.engine_tools import debian

HERE = Path(__file__).resolve().parent / "stand_ins"
SUITE = "trixie"
# Debian 13 has Python 3.13, and no 3.12.
PYTHON = "python:3.13-slim-trixie"
PACKAGES = "python3,python3-venv,python-is-python3,ca-certificates"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# Where the network ends TLS itself, the computer's own certificates are the ones that count.
VARIABLES = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    **dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), CERTIFICATES),
}
STAND_INS = {
    PYTHON: "Debian 13's Python instead of Docker Hub's 3.12",
    "redis:8.2-alpine": "Debian 13's Redis",
    "postgres:18-trixie": "PostgreSQL 18 of Minga's own wheel, with an entrypoint of ours that does as Docker Hub's does",
}


def make_python(engine: Engine, cache: Path) -> None:
    """The image on which the Dockerfile builds."""
    recipe = f"{PACKAGES} {VARIABLES} {hashlib.sha256(Path(CERTIFICATES).read_bytes()).hexdigest()}"
    mark = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    tar = cache / f"python-{mark}.tar"
    if not tar.exists():
        _mmdebstrap(engine, tar)
    label = engine.docker("image", "inspect", "--format", '{{index .Config.Labels "recipe"}}', PYTHON, check=False)
    if label.stdout.strip() != mark:
        changes = [f"ENV {name}={value}" for name, value in VARIABLES.items()] + [f"LABEL recipe={mark}"]
        engine.docker("import", *[word for change in changes for word in ("--change", change)], str(tar), PYTHON)


def _mmdebstrap(engine: Engine, tar: Path) -> None:
    unfinished = tar.with_suffix(".part.tar")
    command = [
        "mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", f"--keyring={engine.tools.keyring}",
        "--aptopt=Acquire::Check-Valid-Until \"false\"", f"--customize-hook=cp {CERTIFICATES} \"$1\"{CERTIFICATES}",
        SUITE, str(unfinished), debian(),
    ]  # fmt: skip
    ran = subprocess.run(command, env=engine.tools.environment(), capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f"mmdebstrap: {ran.stderr[-2000:]}")
    unfinished.rename(tar)


def make_redis(engine: Engine) -> None:
    _build(engine, "redis.Dockerfile", "redis:8.2-alpine")


def make_postgres(engine: Engine, minga: str) -> None:
    """Build it from Minga's image, which must be there already."""
    _build(engine, "postgres.Dockerfile", "postgres:18-trixie", f"MINGA={minga}")


def _build(engine: Engine, file: str, name: str, *arguments: str) -> None:
    wishes = [word for argument in (f"PYTHON={PYTHON}", *arguments) for word in ("--build-arg", argument)]
    engine.docker("build", "--tag", name, "--file", str(HERE / file), *wishes, str(HERE))
