"""What goes to the terminal for a frame: the cells that changed, and no others.

Textual sends a changed stretch of a row from the widget's left edge on. One figure at the right end then costs the
whole row, which over a slow link is most of what a calm screen sends.
"""

from __future__ import annotations

from rich.console import Console
from textual._compositor import ChopsUpdate


class Exactly(ChopsUpdate):
    """The same frame as Textual's own, without what did not change.

    Args:
        update: Textual's; each of its spans is a stretch of one row that differs.
    """

    def __init__(self, update: ChopsUpdate) -> None:
        super().__init__(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """As `ChopsUpdate.render_segments`."""
        sent: list[str] = []
        for y, first, last in self.spans:
            at = -1
            for (x, strip), end in zip(self.chops[y].items(), self.chop_ends[y], strict=False):
                start, stop = max(x, first), min(end, last)
                if strip is None or start >= stop:
                    continue
                if at != start:
                    sent.append(f"\x1b[{y + 1};{start + 1}H")
                whole = start == x and stop == end
                sent.append((strip if whole else strip.crop(start - x, stop - x)).render(console))
                at = stop
        return "".join(sent)
