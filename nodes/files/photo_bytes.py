"""Read a photo and write it anew as JPEG. What comes is hostile: its kind and its size are checked before it is decoded, and nothing of it but
the picture is kept: no place, no camera, no profile, nothing after its end.
"""

import re
import struct
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from django.utils.translation import gettext_noop as _
from PIL import Image
from PIL.ExifTags import Base
from PIL.Image import Transpose

from accounts import passwords
from lib.cpu_turns import Turns, processors
from lib.notes import Refusal

MOST_BYTES = 15_000_000
MOST_PIXELS = 12_600_000  # a telephone's "12 megapixels" are 4032 x 3024 = 12.2 million
LEAST_SIDE = 16  # pixels
LONGEST_SIDE = 1600  # pixels, of what is kept
SMALL_SIDE = 320
QUALITY = 82  # of JPEG, 0 to 95
KINDS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"RIFF": "WEBP"}
# The head of a scan, with its length and the number of components: the marker alone also stands in a film after the picture by chance.
SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
MOST_SCANS = 64  # of a progressive JPEG, each decoded over the whole picture: cameras write ten
MEDIA_TYPE = "image/jpeg"
# What turns a picture upright, by the orientation in its metadata. Pillow's exif_transpose would also write the metadata anew, and fail on bad ones.
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # fmt: skip
WAIT_SECONDS = 10.0  # for a turn

Image.MAX_IMAGE_PIXELS = None  # Pillow would only warn; `_picture` refuses by the head


class BadPhoto(Refusal):
    """A file that is no photo that we take. The text says what to do."""

    status = 400
    code = "bad_photo"


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it is kept: JPEG, turned upright, without metadata."""

    jpeg: bytes
    small: bytes  # the same, for lists
    width: int  # pixels, of `jpeg`
    height: int


def read(data: bytes) -> Picture:
    """Check a photo and write it anew. Takes up to a second of processor: no connection to the database is held meanwhile.

    Raises BadPhoto, and lib.cpu_turns.Busy where too many photos are being read.
    """
    if len(data) > MOST_BYTES:
        raise BadPhoto(_("This photo is larger than %(most)s MB. Choose a smaller one."), {"most": MOST_BYTES // 10**6})
    kind = _kind(data)
    passwords.let_connections_go()
    with turns().take():
        try:
            return _picture(data, kind)
        except (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, OverflowError, struct.error) as error:
            raise _unreadable() from error
        except MemoryError as error:
            raise _too_many_pixels() from error


@cache
def turns() -> Turns:
    """Return the turns of this installation for reading photos; half of the processors are left to the pages."""
    folder = passwords.turns_folder()
    sentence = _("Many photos are being read at this moment. Send it again in a few seconds.")
    most = max(1, processors() // 2)
    return Turns(folder.with_name(f"{folder.name}-photos"), most=most, seconds=WAIT_SECONDS, sentence=sentence)


def _kind(data: bytes) -> str:
    """Return the kind of a photo by its first bytes, whatever its name says. Raises BadPhoto."""
    kind = next((kind for start, kind in KINDS.items() if data.startswith(start)), "")
    if not kind or (kind == "WEBP" and data[8:12] != b"WEBP"):
        text = _("Only photos in JPEG, PNG or WebP are read. Save it as JPEG, or take it again.")
        raise BadPhoto(text)
    if kind == "JPEG" and len(SCAN.findall(data)) > MOST_SCANS:
        raise _unreadable()
    return kind


def _picture(data: bytes, kind: str) -> Picture:
    with Image.open(BytesIO(data), formats=[kind]) as image:  # reads the head only
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise _too_many_pixels()
        if min(width, height) < LEAST_SIDE:
            raise _unreadable()
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded smaller, in less memory
        image.load()
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        whole = _plain(_upright(image))
    small = whole.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return Picture(_jpeg(whole), _jpeg(small), *whole.size)


def _upright(image: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(image.getexif().get(Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture alone, in RGB on white: no profile, comment, metadata or transparency comes along."""
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    elif image.mode == "I":
        image = image.point(lambda value: value / 256, "L")
    plain = Image.new("RGB", image.size, "white")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        plain.paste(layer, mask=layer.getchannel("A"))
    else:
        plain.paste(image.convert("RGB"))
    return plain


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, progressive=True)
    return out.getvalue()


def _unreadable() -> BadPhoto:
    return BadPhoto(_("This photo cannot be read: it is damaged or incomplete. Choose another one."))


def _too_many_pixels() -> BadPhoto:
    text = _("This photo has more than 12 megapixels. Take it with a lower resolution, or make it smaller.")
    return BadPhoto(text)
