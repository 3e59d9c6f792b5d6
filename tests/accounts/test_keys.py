"""Public keys are taken, and everything else is refused with a sentence."""

import subprocess
from pathlib import Path

import pytest

from accounts.actions import MOST_KEYS, add_key, make_key, remove_key
from accounts.keys import BadKey, read_public_key
from accounts.models import User
from lib.notes import Refusal


def made_by_openssh(folder: Path, kind: str, *more: str) -> tuple[str, str]:
    """(public line, fingerprint as ssh-keygen -l says it)"""
    file = folder / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *more, "-N", "", "-C", "ana@home pc", "-f", file], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", f"{file}.pub"], check=True, capture_output=True, text=True)
    return Path(f"{file}.pub").read_text(), shown.stdout.split()[1]


@pytest.mark.parametrize("kind", [("ed25519",), ("rsa", "-b", "2048"), ("ecdsa",)], ids=lambda k: k[0])
def test_it_reads_what_openssh_makes(tmp_path: Path, kind: tuple[str, ...]) -> None:
    text, fingerprint = made_by_openssh(tmp_path, *kind)
    line, ours, comment = read_public_key(text)
    assert (ours, comment) == (fingerprint, "ana@home pc")
    assert text.startswith(line)


def test_a_made_key_is_one_that_openssh_accepts(student: User, tmp_path: Path) -> None:
    key, private = make_key(owner=student, name="laptop", by=student)
    file = tmp_path / "key"
    file.write_text(private)
    file.chmod(0o600)
    public = subprocess.run(["ssh-keygen", "-y", "-f", file], check=True, capture_output=True, text=True).stdout
    assert public.strip() == key.public_key


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M=", "x" * 10_000,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA\nssh-rsa AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFqr", "ssh-ed25519 \x00", "ssh-ed25519 ñandú",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----", 'command="x" ssh-ed25519 AAAA',
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadKey) as refusal:
        read_public_key(text)
    assert len(str(refusal.value)) > 20


def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    text, _fingerprint = made_by_openssh(tmp_path, "rsa", "-b", "1024")
    with pytest.raises(BadKey, match="too short"):
        read_public_key(text)


def test_the_same_key_twice_is_refused(student: User, tmp_path: Path) -> None:
    text, _fingerprint = made_by_openssh(tmp_path, "ed25519")
    add_key(owner=student, name="a", public_key=text, by=student)
    with pytest.raises(Refusal, match="already"):
        add_key(owner=student, name="b", public_key=text, by=student)


def test_two_people_may_have_the_same_key(student: User, student2: User, tmp_path: Path) -> None:
    text, _fingerprint = made_by_openssh(tmp_path, "ed25519")
    assert add_key(owner=student, name="", public_key=text, by=student).name == "ana@home pc"
    assert add_key(owner=student2, name="", public_key=text, by=student2).pk


def test_there_is_an_end_to_how_many(student: User) -> None:
    for n in range(MOST_KEYS):
        make_key(owner=student, name=f"k{n}", by=student)
    with pytest.raises(Refusal, match="20 keys"):
        make_key(owner=student, name="one more", by=student)
    remove_key(key=student.ssh_keys.first(), by=student)
    make_key(owner=student, name="one more", by=student)
