"""Keys in PuTTY's format, as PuTTY itself writes and reads them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.keys import make_pair
from accounts.ppk import as_ppk

SEED = b"\x01" + bytes(31)  # its zeros must stay
# What puttygen 0.78 wrote of the key of this seed: puttygen FILE -C minga_key -O private -o FILE.ppk
WRITTEN_BY_PUTTYGEN = """\
PuTTY-User-Key-File-3: ssh-ed25519
Encryption: none
Comment: minga_key
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAIM7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1o
O9T8
Private-Lines: 1
AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
Private-MAC: d1c604a1405601bfd6e8fd0a2de24d26381e23560d4255c4d19d0b363d4772e0
"""


def test_puttygen_and_we_write_the_same() -> None:
    form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    private = Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(*form).decode()
    assert as_ppk(private, "minga_key") == WRITTEN_BY_PUTTYGEN


@pytest.mark.skipif(not shutil.which("puttygen"), reason="puttygen is not installed: apt install putty-tools")
def test_puttygen_reads_it(tmp_path: Path) -> None:
    private, public = make_pair()
    (tmp_path / "key.ppk").write_text(as_ppk(private, "minga_key"))
    line = ["puttygen", tmp_path / "key.ppk", "-O", "public-openssh"]
    read = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert read.split()[:2] == public.split()[:2]
