"""Photos that are sent: refused with a sentence, or written anew with nothing but the picture."""

import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from accounts import passwords
from lib.cpu_turns import Busy
from nodes.files import photo_bytes
from nodes.files.photo_bytes import BadPhoto
from tests.nodes.files.pictures import from_a_phone, picture, png

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100


def shown(jpeg: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_kinds_that_are_read(kind: str) -> None:
    read = photo_bytes.read(picture(kind=kind))
    image = shown(read.jpeg)
    assert (image.format, image.size, image.mode) == ("JPEG", (400, 300), "RGB")
    assert image.getpixel((200, 150))[0] == pytest.approx(200, abs=4)  # type: ignore[index]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_plain(mode: str) -> None:
    assert shown(photo_bytes.read(picture(kind="PNG", mode=mode)).jpeg).mode == "RGB"


def test_a_picture_for_print() -> None:
    assert shown(photo_bytes.read(picture(mode="CMYK")).jpeg).mode == "RGB"


def test_what_is_transparent_is_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(out, "PNG")
    assert shown(photo_bytes.read(out.getvalue()).jpeg).getpixel((25, 25)) == (255, 255, 255)


def test_of_one_that_moves_the_first_picture_is_kept() -> None:
    out = BytesIO()
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    assert shown(photo_bytes.read(out.getvalue()).jpeg).getpixel((25, 25))[0] > 200  # type: ignore[index]


def test_it_is_turned_upright() -> None:
    read = photo_bytes.read(from_a_phone())
    image = shown(read.jpeg)
    assert (read.width, read.height) == image.size == (300, 400)
    assert image.getpixel((150, 50))[0] < 50 < 200 < image.getpixel((150, 350))[0]  # type: ignore[index, operator]


def test_nothing_but_the_picture_is_kept() -> None:
    data = from_a_phone() + b"<?php Secret tail"
    assert b"Secret" in data
    read = photo_bytes.read(data)
    for jpeg in (read.jpeg, read.small):
        image = shown(jpeg)
        assert b"Secret" not in jpeg
        assert not image.getexif()
        assert not {"icc_profile", "comment", "exif", "xmp"} & image.info.keys()
        assert jpeg.endswith(b"\xff\xd9")


def test_what_also_is_a_page_becomes_a_photo_only() -> None:
    polyglot = picture(comment=b"*/=1;alert(1)/*<script>alert(2)</script>")
    assert b"script" not in photo_bytes.read(polyglot).jpeg


def test_a_large_photo_is_made_smaller() -> None:
    read = photo_bytes.read(picture((4032, 3024)))  # 12.2 megapixels, as telephones say "12"
    assert (read.width, read.height) == (1600, 1200)
    assert max(shown(read.small).size) == 320


@pytest.mark.parametrize("size", [(16, 16), (2, 2000), (5000, 40)])
def test_odd_forms(size: tuple[int, int]) -> None:
    if min(size) < photo_bytes.LEAST_SIDE:
        with pytest.raises(BadPhoto, match="damaged"):
            photo_bytes.read(picture(size))
    else:
        assert shown(photo_bytes.read(picture(size)).jpeg).size


@pytest.mark.parametrize(
    "data", [b"", b"x", SVG, HEIC, b"GIF89a" + b"\0" * 50, b"%PDF-1.7\n", b"RIFF\0\0\0\0WAVE", b"PK\3\4"]
)
def test_what_is_no_photo(data: bytes) -> None:
    with pytest.raises(BadPhoto, match="JPEG, PNG or WebP"):
        photo_bytes.read(data)


@pytest.mark.parametrize("size", [(10_000, 10_000), (200_000, 70), (4100, 3100)])
def test_too_many_pixels_are_refused_by_the_head_alone(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("It was decoded."))
    with pytest.raises(BadPhoto, match="12 megapixels"):
        photo_bytes.read(png(*size))


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(BadPhoto, match="15 MB"):
        photo_bytes.read(picture() + b"\0" * photo_bytes.MOST_BYTES)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_one_that_ends_early(kind: str, part: float) -> None:
    data = from_a_phone(quality=95) if kind == "JPEG" else picture((300, 200), kind)
    with pytest.raises(BadPhoto):
        photo_bytes.read(data[: int(len(data) * part)])


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_text_that_unpacks_without_end(name: bytes) -> None:
    import zlib

    bomb = {b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0", b"iCCP": b"k\0\0"}[name] + zlib.compress(b"\0" * 200_000_000, 9)
    try:
        assert len(photo_bytes.read(png(64, 64, (name, bomb))).jpeg) < 10_000
    except BadPhoto:
        pass


def test_a_photo_in_very_many_parts() -> None:
    data = picture(progressive=True)
    with pytest.raises(BadPhoto, match="damaged"):
        photo_bytes.read(data[:-2] + (b"\xff\xda\0\x08\1\1\0\0\x3f\0") * 100 + data[-2:])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # about EXIF that is spoilt
def test_every_byte_of_a_photo_may_be_wrong() -> None:
    data = from_a_phone()
    for at in range(0, len(data), 37):
        spoilt = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            shown(photo_bytes.read(spoilt).jpeg)
        except BadPhoto:
            continue


def test_a_photo_with_a_film_behind_it() -> None:
    film = (
        b"\xff\xda" + bytes(range(98))
    ) * 10_000  # the mark of a scan stands in any megabyte by chance, not its head
    assert photo_bytes.read(picture() + film).width == 400


def test_a_photo_with_a_bad_tag_in_its_metadata_is_turned_upright_all_the_same() -> None:
    maker, turned = (
        struct.pack(">HHII", 0x10F, 5, 1, 38),
        struct.pack(">HHIHH", 0x112, 3, 1, 6, 0),
    )  # the maker is a fraction
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + maker + turned + bytes(4) + struct.pack(">II", 1, 2)
    out = BytesIO()
    Image.new("RGB", (40, 20)).save(out, "JPEG", exif=exif)
    assert photo_bytes.read(out.getvalue()).width == 20


def test_a_photo_that_waits_too_long_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(passwords, "turns_folder", lambda: tmp_path / "turns")
    monkeypatch.setattr(photo_bytes, "WAIT_SECONDS", 0)
    turns = photo_bytes.turns.__wrapped__()
    monkeypatch.setattr(turns, "_line", 0)
    monkeypatch.setattr(photo_bytes, "turns", lambda: turns)
    with pytest.raises(Busy, match="Many photos are being read"):
        photo_bytes.read(picture())
