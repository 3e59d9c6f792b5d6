"""Lists of people as they come: letters, separators, headers, and what cannot be read."""

import pytest

from accounts.people_csv import Line, read
from lib.csv_lists import MOST_BYTES, MOST_LINES, BadList

ANA = Line(2, "", "Ana Núñez", "ana@example.org")


def lines(text: bytes | str) -> list[tuple[str, str, str]]:
    return [(line.username, line.name, line.email) for line in read(text).lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_accents_come_through_in_every_encoding(encoding: str) -> None:
    found = read("nombre;correo\nAna Núñez;ana@example.org\n".encode(encoding))
    assert found.lines == (ANA,)
    assert bool(found.notices) == (encoding == "cp1252")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_separator_is_found(mark: str, end: str) -> None:
    found = read(f"name{mark}email{end}Ana Núñez{mark}ana@example.org{end}")
    assert found.lines == (ANA,)


@pytest.mark.parametrize(
    "header",
    ["name;email", "Nombre;Correo electrónico", "NOMBRES Y APELLIDOS;E-mail", "Full name;Mail", "Estudiante ; CORREO:"],
)
def test_headers_are_known_in_both_languages(header: str) -> None:
    found = read(f"{header}\nAna Núñez;ana@example.org")
    assert found.lines == (ANA,)


def test_without_a_header_the_address_is_known_by_its_at() -> None:
    assert lines("Ana Núñez;ana@example.org\nlu@example.org;Luz") == [
        ("", "Ana Núñez", "ana@example.org"),
        ("", "Luz", "lu@example.org"),
    ]


def test_only_addresses_are_a_list_too() -> None:
    assert lines("ana@example.org\nluz@example.org\n") == [("", "", "ana@example.org"), ("", "", "luz@example.org")]


def test_one_column_may_hold_both() -> None:
    assert lines('"name;email"\n"Ana Núñez;ana@example.org"\n') == [("", "Ana Núñez", "ana@example.org")]


def test_first_and_last_names_may_stand_apart_and_in_any_order() -> None:
    assert lines("Apellidos,Nombres,Usuario,Correo\nÑacato,D’Angelo,dn,d@example.org") == [
        ("dn", "D’Angelo Ñacato", "d@example.org"),
    ]


def test_columns_that_say_nothing_here_are_passed_over() -> None:
    assert lines("cedula;nombre;correo;nota\n17;Ana;ana@example.org;10") == [("", "Ana", "ana@example.org")]


def test_quoted_cells_may_hold_the_separator() -> None:
    assert lines('name,email\n"Núñez, Ana",ana@example.org') == [("", "Núñez, Ana", "ana@example.org")]


def test_empty_lines_count_in_the_numbers_only() -> None:
    assert [line.number for line in read("name;email\n\nAna;a@example.org\n;\nLuz;l@example.org\n").lines] == [3, 5]


def test_a_line_with_fewer_cells_is_read_as_far_as_it_goes() -> None:
    assert lines("name;email\nAna") == [("", "Ana", "")]


def test_a_paste_is_read_as_a_file_is() -> None:
    assert read("name\temail\nAna Núñez\tana@example.org").lines == (ANA,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"), ("\n\n;;\n", "empty"), (b"x" * (MOST_BYTES + 1), "1 MB"), (b"PK\x03\x04xlsx", "Save it as CSV"),
        (b"a\0b\0\0c;d\0\0", "not text"), ("a@example.org\n" * (MOST_LINES + 1), "5000"), ('a;"' + "x" * 200_000, "Line 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_a_sentence(content: bytes | str, words: str) -> None:
    with pytest.raises(BadList) as refused:
        read(content)
    assert words in str(refused.value)


def test_the_longest_list_is_taken() -> None:
    assert len(read("a@example.org\n" * MOST_LINES).lines) == MOST_LINES


def test_a_header_alone_has_no_lines() -> None:
    assert read("name;email\n").lines == ()


def test_a_column_that_is_not_read_is_named() -> None:
    assert "not read: rol, curso." in str(read("nombre;correo;rol;curso\nAna;a@x.org;docente;3").notices[0])
    assert read("nombre;correo;\nAna;a@x.org;").notices == ()
