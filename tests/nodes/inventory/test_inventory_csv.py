"""Lists of computers, as spreadsheets have them."""

import pytest

from lib.csv_lists import MOST_LINES, BadList
from lib.notes import Note
from nodes.inventory.inventory_csv import Line, read

LISTS = {
    "English": "reference,donor e-mail,model,processor,memory (GB),disk,weight\nA1,ana@x.org,Dell,i3,4,1 TB,8.4",
    "Spanish": "Código;Correo electrónico;Marca y modelo;Procesador;Memoria RAM;Disco duro;Peso (kg)\nA1;ana@x.org;Dell;i3;4 GB;1 TB;8,4",
    "tabs": "asset tag\temail\tcomputer\tcpu\tRAM MB\tdisk (GB)\tweight\nA1\tana@x.org\tDell\ti3\t4096\t1000\t8400 g",
    "Latin-1": "referencia;correo;modelo;procesador;memoria;disco;peso;año\nA1;ana@x.org;Dell;i3;4;1000;8,4;".encode(
        "latin-1"
    ),
    "with a mark": "\ufeffreference;email;model;cpu;ram;disk;weight\r\nA1;ana@x.org;Dell;i3;4;1000;8,4\r\n\r\n".encode(),
}


@pytest.mark.parametrize("kind", LISTS)
def test_it_is_read_whoever_made_it(kind: str) -> None:
    facts = {"kind": "desktop", "model": "Dell", "cpu": "i3", "ram_mb": 4096, "disk_gb": 1000, "grams": 8400}
    assert read(LISTS[kind]).lines == (Line(2, reference="A1", email="ana@x.org", facts=facts),)


def test_kinds() -> None:
    words = ["Portátil", "TODO EN UNO", "Servidor", "Computadora de escritorio", ""]
    lines = read("tipo;modelo\n" + "".join(f"{word};x\n" for word in words)).lines
    assert [line.facts["kind"] for line in lines] == ["laptop", "all_in_one", "server", "desktop", "desktop"]


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("kind\nfridge", "kind: “fridge” cannot be read. Write it like this: desktop, laptop, all in one or server."),
        ("model;memory\nx;much", "memory: “much” cannot be read. Write it like this: 4 GB."),
        ("model;year\nx;1950", "year: “1950” cannot be read."), ("model;peso\nx;0,01 kg", "weight: From 100"),
        ("model\n=1+1", "formula"), ("model;note\nx;@cmd", "formula"), (f"model\n{'x' * 101}", "model: At most 100 characters."),
        (f"model;reference\nx;{'y' * 61}", "a reference 60"), (f"model;note\nx;{'y' * 501}", "a note has at most 500"),
        ("model\nDell \u202ellaD", "model: A name is one line"), ('cpu\n"Core\ni5"', "processor: A name is one line"),
    ],
)  # fmt: skip
def test_a_line_says_what_is_wrong_with_it(cell: str, sentence: str) -> None:
    [line] = read(cell).lines
    assert sentence in str(line.fault)


def test_a_line_says_all_that_is_wrong_with_it() -> None:
    [line] = read("kind;memory;year;weight\nfridge;much;2011;0,01 kg").lines
    assert [word in str(line.fault) for word in ("“fridge”", "“much”", "2011", "weight: From 100")] == [
        True,
        True,
        False,
        True,
    ]


def test_columns_that_say_nothing_here_are_named() -> None:
    found = read("model;colour;room\nx;grey;12")
    assert found.notices == (Note("Columns that are not read: %(columns)s.", {"columns": "colour, room"}),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"), ("Dell;i3;4 GB", "must name the columns"), ("model\n" + "x\n" * (MOST_LINES + 1), "more than 5000 lines"),
        (b"PK\x03\x04", "spreadsheet file"), (b"model\0\0x", "not text"), ("model\n" + "x" * 1_000_001, "larger than 1 MB"),
        ('model\n"' + "x" * 200_000, "Line 2"),
    ],
)  # fmt: skip
def test_what_is_no_list(text: str | bytes, sentence: str) -> None:
    with pytest.raises(BadList, match=sentence):
        read(text)


def test_as_many_lines_as_are_allowed() -> None:
    assert len(read("model\n" + "x\n" * MOST_LINES).lines) == MOST_LINES
