"""A page with all pictures, small, in the order of their addresses."""

from html import escape
from itertools import groupby
from pathlib import Path

STYLE = (
    "body{font:14px system-ui;margin:1rem}div{display:flex;flex-wrap:wrap;gap:.5rem;align-items:start}"
    "figure{margin:0}img{height:22rem;border:1px solid #999}figcaption{font-size:12px}"
)


def write_index(out: Path) -> int:
    """Write index.html into the folder. Returns how many pictures there are."""
    pictures = sorted(path.relative_to(out) for path in (out / "pictures").rglob("*.png"))
    rows = [_row(str(folder), list(shots)) for folder, shots in groupby(pictures, key=lambda path: path.parent)]
    page = f"<!doctype html><meta charset=utf-8><title>Minga, every page</title><style>{STYLE}</style>{''.join(rows)}"
    (out / "index.html").write_text(page)
    return len(pictures)


def _row(folder: str, shots: list[Path]) -> str:
    figures = "".join(
        f'<figure><a href="{escape(str(shot))}"><img src="{escape(str(shot))}" loading="lazy" alt=""></a>'
        f"<figcaption>{escape(shot.stem)}</figcaption></figure>"
        for shot in shots
    )
    return f"<h2>{escape(folder.removeprefix('pictures/'))}</h2><div>{figures}</div>"
