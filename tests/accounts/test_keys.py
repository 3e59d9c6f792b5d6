"""Public keys are taken, and everything else is refused with a sentence."""

import base64
import random
import re
import struct
import subprocess
import textwrap
from importlib import import_module
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.apps import apps

from accounts.actions import MOST_KEYS, add_key, make_key, remove_key
from accounts.keys import BadKey, make_pair, read_public_key
from accounts.models import SshKey, User
from lib.notes import Refusal
from tests.accounts.pasted import PASTED


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


def test_files_of_made_keys_never_have_the_same_name(student: User) -> None:
    first, second = (make_key(owner=student, name="", by=student)[0] for _time in range(2))
    assert (first.file_name, second.file_name) == ("minga_key", "minga_key_2")
    for key in (first, second):
        remove_key(key=key, by=student)
    # The files of both may still lie in ~/.ssh, and `mv` on Windows does not write over one.
    assert make_key(owner=student, name="", by=student)[0].file_name == "minga_key_3"


@pytest.mark.django_db
def test_pairs_of_before_are_counted_by_their_file_names(student: User, teacher: User) -> None:
    for _time in range(3):
        key = make_key(owner=student, name="", by=student)[0]
    SshKey.objects.exclude(pk=key.pk).delete()
    User.objects.update(pairs_made=0)
    import_module("accounts.migrations.0017_pairs_made").count_pairs(apps, None)
    assert dict(User.objects.values_list("username", "pairs_made")) == {"student": 3, "teacher": 0}


def test_a_pasted_key_has_no_file_name(student: User) -> None:
    assert add_key(owner=student, name="mine", public_key=make_pair()[1], by=student).file_name == ""


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
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA\nssh-rsa AAAA", "AAAA", "AAAAC3NzaC1lZDI1NTE5" * 9, "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFqr",
        "ssh-ed25519 \x00", "ssh-ed25519 ñandú",
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


def field(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def of_security_key(kind: str, application: bytes = b"ssh:") -> bytes:
    """The bytes of a key as `ssh-keygen -t ed25519-sk` makes it, which needs the device."""
    if kind == "sk-ssh-ed25519@openssh.com":
        point = field(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    else:
        form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        point = field(b"nistp256") + field(ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*form))
    return field(kind.encode()) + point + field(application)


def as_line(kind: str, raw: bytes) -> str:
    return f"{kind} {base64.b64encode(raw).decode()}"


SECURITY_KEYS = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")


@pytest.mark.parametrize("kind", SECURITY_KEYS)
def test_a_security_keys_line_is_kept(kind: str) -> None:
    line = as_line(kind, of_security_key(kind))
    assert read_public_key(f"{line} ana@home")[::2] == (line, "ana@home")


@pytest.mark.parametrize("kind", SECURITY_KEYS)
@pytest.mark.parametrize("lacks", range(1, 60, 4))
def test_a_security_key_that_was_cut_is_refused(kind: str, lacks: int) -> None:
    with pytest.raises(BadKey, match="damaged"):
        read_public_key(as_line(kind, of_security_key(kind)[:-lacks]))


@pytest.mark.parametrize("kind", SECURITY_KEYS)
def test_a_security_key_names_its_application(kind: str) -> None:
    whole = of_security_key(kind)
    for raw in (whole[: -len(field(b"ssh:"))], whole + b"x", whole + field(b"x"), of_security_key(kind, b"")):
        with pytest.raises(BadKey, match="damaged"):
            read_public_key(as_line(kind, raw))


def whole_keys() -> list[tuple[str, bytes]]:
    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    pairs = [
        Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    ]
    lines = [pair.public_key().public_bytes(*form).decode().split() for pair in pairs]  # type: ignore[attr-defined]
    return [(kind, base64.b64decode(blob)) for kind, blob in lines] + [(k, of_security_key(k)) for k in SECURITY_KEYS]


def test_no_key_is_taken_that_was_cut_or_has_more_behind() -> None:
    for kind, raw in whole_keys():
        read_public_key(as_line(kind, raw))
        for wrong in [raw[:end] for end in range(len(raw))] + [raw + b"\0", raw + field(b"")]:
            with pytest.raises(BadKey):
                read_public_key(as_line(kind, wrong))


def test_whatever_was_changed_in_a_key_ends_in_a_sentence_or_in_another_whole_key() -> None:
    dice = random.Random(7)
    for kind, raw in whole_keys():
        for _number in range(300):
            wrong = bytearray(raw)
            wrong[dice.randrange(len(raw))] = dice.randrange(256)
            try:
                line, _fingerprint, _comment = read_public_key(as_line(kind, bytes(wrong)))
            except BadKey:
                continue
            assert line == as_line(kind, bytes(wrong))


def test_a_point_in_compressed_form_is_refused() -> None:
    form = serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*form)
    raw = field(b"ecdsa-sha2-nistp256") + field(b"nistp256") + field(point)
    with pytest.raises(BadKey, match="damaged"):
        read_public_key(as_line("ecdsa-sha2-nistp256", raw))


@pytest.fixture(scope="module")
def rsa_line() -> str:
    return as_line(*whole_keys()[2])


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
def test_what_surrounds_a_key_is_taken_off(rsa_line: str, pasted: str) -> None:
    kind, blob = rsa_line.split()
    wrapped = "\n".join(textwrap.wrap(blob, 70))
    text = pasted.format(kind=kind, blob=blob, wrapped=wrapped, mail=wrapped.replace("\n", "\n> "))
    assert read_public_key(text)[::2] == (rsa_line, "ana@pc")


def test_openssh_and_we_read_the_same_from_puttys_format(tmp_path: Path) -> None:
    text, fingerprint = made_by_openssh(tmp_path, "ed25519")
    exported = subprocess.run(["ssh-keygen", "-e", "-f", tmp_path / "ed25519.pub"], check=True, capture_output=True)
    line, ours, _comment = read_public_key(exported.stdout.decode())
    assert (line, ours) == (" ".join(text.split()[:2]), fingerprint)


def test_the_kind_may_be_missing(rsa_line: str) -> None:
    assert read_public_key(rsa_line.split()[1] + " ana@pc")[0] == rsa_line


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ('from="10.0.0.0/8",no-pty {line}', "before the key: “from"),
        ('command="a\nb" {line}', "before the key"),
        ("restrict {line}", "paste the line from “ssh-rsa” on"),
        ("github.com {line}", "before the key: “github.com”"),
        ("{line} a\n{line} b", "more than one"),
        ("PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\nAAAA", "private half.*PuTTYgen"),
        ("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ", "private half"),
        ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "ssh-keygen -i"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "DSA"),
        ("ssh-rsa-cert-v01@openssh.com AAAA x", "certificate"),
        (
            "---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\nAAAAB3NzaC1yc2EAAAADAQABAAAB\n---- END SSH2 PUBLIC KEY ----",
            "damaged",
        ),
    ],
)
def test_what_is_not_clear_is_refused_with_what_to_do(rsa_line: str, pasted: str, sentence: str) -> None:
    with pytest.raises(BadKey) as refusal:
        read_public_key(pasted.format(line=rsa_line))
    assert re.search(sentence, str(refusal.value)), refusal.value


def test_a_comment_becomes_a_name_without_what_nobody_sees(student: User, rsa_line: str) -> None:
    text = rsa_line + " ana\u200b\u202e@\x07pc \u00a0" + "x" * 80
    name = add_key(owner=student, name=" ", public_key=text, by=student).name
    assert (name[:8], len(name)) == ("ana@pc x", 60)


def test_a_key_whose_comment_shows_nothing_has_a_name(student: User, rsa_line: str) -> None:
    assert add_key(owner=student, name="", public_key=f"{rsa_line} \u202e", by=student).name == "key"
