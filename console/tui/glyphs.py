"""The signs that the screen draws with, and what stands for them where there is no Unicode."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One set of signs, all one column wide but `well`."""

    dots: str
    well: str
    """Behind a word, that it is good news."""
    good: str
    bad: str
    warn: str
    running: str
    pending: str
    arrow: str
    mark: str
    bars: str
    """From the lowest to the highest."""
    share: dict[str, str]
    """What a color's requests are drawn with; distinct without colours."""
    other: str
    nothing: str
    horizontal: str
    vertical: str
    corners: str
    """Upper left, upper right, lower left, lower right."""
    tees: str
    """Left, right, upper, lower: what joins a frame's lines."""
    focus: str


UNICODE = Glyphs(
    dots="…",
    well="✓",
    good="✓",
    bad="✗",
    warn="!",
    running="●",
    pending="·",
    arrow="▸",
    mark="┆",
    bars="▁▂▃▄▅▆▇█",
    share={"blue": "▓", "green": "█"},
    other="▒",
    nothing=" ",
    horizontal="─",
    vertical="│",
    corners="┌┐└┘",
    tees="├┤┬┴",
    focus="▸",
)

ASCII = Glyphs(
    dots="~",
    well="ok",
    good="+",
    bad="x",
    warn="!",
    running="*",
    pending=".",
    arrow=">",
    mark=":",
    bars="_.-:=+*#",
    share={"blue": "b", "green": "g"},
    other="?",
    nothing=" ",
    horizontal="-",
    vertical="|",
    corners="++++",
    tees="++++",
    focus=">",
)
