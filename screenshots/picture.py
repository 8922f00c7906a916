"""One picture: SVG as Textual exports it, and PNG."""

from __future__ import annotations

import html
import re
from pathlib import Path

FONT = "DejaVu Sans Mono"
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_TEXT = re.compile(
    r'x="(?P<x>[0-9.]+)"(?P<y> y="[0-9.]+") textLength="(?P<length>[0-9.]+)"(?P<rest>[^>]*)>(?P<text>[^<]+)<'
)


def drawable(svg: str) -> str:
    """The SVG without fonts from the network, in one that every machine with this program's tools has."""
    return _FONT_FACE.sub("", svg).replace("Fira Code", FONT)


def spaced(svg: str) -> str:
    """The SVG with every character in its cell: cairo rounds a font's width to whole pixels, which adds up in a row."""

    def place(found: re.Match[str]) -> str:
        start, length, count = float(found["x"]), float(found["length"]), len(html.unescape(found["text"]))
        columns = " ".join(f"{start + length / count * number:.1f}" for number in range(count))
        return f'x="{columns}"{found["y"]}{found["rest"]}>{found["text"]}<'

    return _TEXT.sub(place, svg)


def save(svg: str, path: Path) -> tuple[Path, Path]:
    """Write both files beside each other; returns their paths. Raises `OSError`."""
    import cairosvg  # noqa: PLC0415 - an extra that only pictures need

    text = drawable(svg)
    vector, raster = path.with_suffix(".svg"), path.with_suffix(".png")
    vector.write_text(text, encoding="utf-8")
    cairosvg.svg2png(bytestring=spaced(text).encode(), write_to=str(raster), scale=1.0)
    return vector, raster
