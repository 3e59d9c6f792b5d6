"""Paths in guests: what is given, and what is given out."""

import pytest

from machines.guest_files.file_faults import FileFault
from machines.guest_files.guest_paths import for_new, read
from machines.guest_files.shown_names import shown, written

HOME = b"/home/condor"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (b"", b"/home/condor"), (b"~", b"/home/condor"), (b"~/a b", b"/home/condor/a b"), (b"a", b"/home/condor/a"),
        (b"..", b"/home"), (b"../../../..", b"/"), (b"/a/./b/../c/", b"/a/c"), (b"//etc", b"/etc"), (b"~x", b"/home/condor/~x"),
        (b"\\xff", b"/home/condor/\xff"), (b"a\\b", b"/home/condor/a\\b"), (b"a\\x5cxff", b"/home/condor/a\\xff"),
        (b"\xff\xfe", b"/home/condor/\xff\xfe"), ("ñ".encode(), "/home/condor/ñ".encode()), (b"a\\x0ab", b"/home/condor/a\nb"),
    ],
)  # fmt: skip
def test_a_path_is_read(given: bytes, meant: bytes) -> None:
    assert read(given, HOME) == meant


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"a\0b", "odd_name"), (b"a\\x00b", "odd_name"), (b"a\nb", "odd_name"), (b"a\rb", "odd_name"),
        (b"x" * 256, "name_too_long"), (b"x/" * 2500, "name_too_long"), (b"x" * 5_000_000, "name_too_long"),
    ],
)  # fmt: skip
def test_a_path_that_no_file_can_have_is_refused(given: bytes, code: str) -> None:
    with pytest.raises(FileFault) as raised:
        read(given, HOME)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("path", "code"), [(b"/home/a\nb", "odd_name"), (b"/home/\x1b[31m", "odd_name"), (b"/", "not_here")]
)
def test_a_new_name_has_no_control_characters(path: bytes, code: str) -> None:
    with pytest.raises(FileFault) as raised:
        for_new(path)
    assert raised.value.code == code


@pytest.mark.parametrize(
    "name",
    [
        b"plain",
        "ñandú 😀".encode(),
        b"\xff\xfe",
        "cod\u202eexe.doc".encode(),
        b"a\nb\x1b\x7f",
        b"\\xff",
        b"\\",
        b"<b>&\"'",
        b"\xc2\x85",
        b"\xed\xa0\x80",
    ],
)
def test_each_name_can_be_given_back(name: bytes) -> None:
    text = written(b"/home/" + name)
    assert read(text.encode(), b"/") == b"/home/" + name


def test_people_read_a_backslash_as_it_is() -> None:
    assert (shown(b"a\\b\xff\n"), written(b"a\\b\xff\n")) == (r"a\b\xff\x0a", r"a\x5cb\xff\x0a")
