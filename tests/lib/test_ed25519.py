"""Keys from 32 bytes, read by OpenSSH's own tools."""

import subprocess
from pathlib import Path

import pytest

from lib import ed25519

SEED = bytes(range(32))
LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def keygen(*options: str, file: Path) -> str:
    return subprocess.run(
        ["ssh-keygen", *options, "-f", file], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(ed25519.private_file(SEED))
    return path


def test_openssh_reads_the_private_half(file: Path) -> None:
    assert keygen("-y", file=file) == ed25519.public_line(SEED) == LINE


def test_a_signature_of_it_is_good(file: Path, tmp_path: Path) -> None:
    (tmp_path / "said").write_text("hello")
    (tmp_path / "who").write_text(f"minga {LINE}\n")
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "t", "-f", file, tmp_path / "said"], check=True, capture_output=True
    )
    verify = ["-Y", "verify", "-n", "t", "-I", "minga", "-s", tmp_path / "said.sig", "-f", tmp_path / "who"]
    assert subprocess.run(["ssh-keygen", *verify], input=b"hello", capture_output=True).returncode == 0


def test_the_same_bytes_give_the_same_text() -> None:
    assert ed25519.private_file(SEED) == ed25519.private_file(SEED)
    assert ed25519.private_file(SEED) != ed25519.private_file(bytes(32))


def test_the_fingerprint_is_openssh_s(file: Path) -> None:
    assert ed25519.fingerprint(LINE) == keygen("-l", file=file).split()[1]


def test_dropbear_gets_both_halves() -> None:
    content = ed25519.dropbear_file(ed25519.private_file(SEED))
    assert content[4:15] == b"ssh-ed25519"
    assert content[15:19] == (64).to_bytes(4)
    assert content[19:51] == SEED
    assert len(content) == 83
