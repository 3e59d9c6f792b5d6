"""Measure what it takes to read a photo and write it anew: seconds of processor and memory, each kind in a process of its own.

    python -m bench.photos [TIMES]        5

Pictures of 12 megapixels with noise in them, as a telephone sends them, and a PNG of the same size, which cannot be decoded smaller.
"""

import os
import resource
import subprocess
import sys
import time
from io import BytesIO

KINDS = {
    "JPEG": {"quality": 90},
    "progressive JPEG": {"quality": 90, "progressive": True},
    "WEBP": {"quality": 80},
    "PNG": {},
}
SIZE = (4032, 3024)


def made(kind: str) -> bytes:
    """Return a picture: noise at a sixteenth of its size, made large, so that it packs as a photo does."""
    from PIL import Image

    small = Image.frombytes("RGB", (SIZE[0] // 16, SIZE[1] // 16), os.urandom(3 * (SIZE[0] // 16) * (SIZE[1] // 16)))
    out = BytesIO()
    # A smooth PNG would be too large to send.
    way = Image.Resampling.NEAREST if kind == "PNG" else Image.Resampling.BICUBIC
    small.resize(SIZE, way).save(out, kind.split()[-1], **KINDS[kind])
    return out.getvalue()


def measure(kind: str, times: int) -> None:
    """Print one line of one kind. Called in a process of its own, so that its peak of memory is its own."""
    import django

    django.setup()
    from nodes.files import photo_bytes

    data = sys.stdin.buffer.read()
    photo_bytes.read(data)  # Pillow and its plugins are loaded
    began = time.process_time()
    for _n in range(times):
        read = photo_bytes.read(data)
    seconds = (time.process_time() - began) / times
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = f"{len(data) / 1e6:5.1f} MB in, {len(read.jpeg) / 1e3:4.0f} + {len(read.small) / 1e3:3.0f} kB kept"
    print(f"{kind:17} {sizes}, {1000 * seconds:5.0f} ms of processor, {peak:4.0f} MB at most")


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    if len(sys.argv) > 2:
        return measure(sys.argv[2], times)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("SECRET_KEY", "x" * 50)
    os.environ.setdefault("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    for kind in KINDS:
        subprocess.run([sys.executable, "-m", "bench.photos", str(times), kind], input=made(kind), check=True)


if __name__ == "__main__":
    main()
