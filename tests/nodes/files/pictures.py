"""Photos as people, cameras and attackers send them."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

ORIENTATION, GPS = 0x0112, 0x8825


def picture(size: tuple[int, int] = (400, 300), kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture of one colour, dark at the left edge."""
    image = Image.new(mode, size, 200 if mode in ("L", "P", "1") else 40_000 if mode.startswith("I") else "#c8a060")
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo_of(width: int, height: int) -> bytes:
    """A photo with so much in it that its file is large."""
    out = BytesIO()
    noise = Image.effect_noise((width, height), 90).convert("RGB")
    Image.blend(noise, Image.linear_gradient("L").resize((width, height)).convert("RGB"), 0.6).save(
        out, "JPEG", quality=98
    )
    return out.getvalue()


def from_a_phone(**tags: Any) -> bytes:
    """A photo that lies on its side, left half black, and says where it was taken."""
    image = Image.new("RGB", (400, 300), "white")
    image.paste("black", (0, 0, 200, 300))
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # turned by 90 degrees to the right when shown
    exif[GPS] = {1: "S", 2: (0.0, 10.0, 30.0), 3: "W", 4: (78.0, 28.0, 5.0)}
    exif[0x010F] = "Secret Maker"
    out = BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"Secret comment", icc_profile=b"Secret profile", **tags)
    return out.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of this size by its head, all black, with further chunks before the picture."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compressobj(9)
    row = b"\0" * (1 + (width + 7) // 8)
    packed = b"".join(rows.compress(row * 1000) for _n in range(height // 1000)) + rows.compress(row * (height % 1000))
    body = [(b"IHDR", head), *chunks, (b"IDAT", packed + rows.flush()), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in body)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
