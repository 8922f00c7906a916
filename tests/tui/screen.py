"""What a terminal shows after everything that was written to it: as much of one as the console's frames need."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

_SEQUENCE = re.compile(
    r"\x1b\[(?P<csi>[0-9;:?<>=]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]P^_].*?(?:\x07|\x1b\\)"  # OSC, DCS: text that no terminal shows
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_LONGEST = 4096
"""Characters that a sequence may have; what is longer is text after a lone escape."""


class Screen:
    """Rows of cells, steered by the sequences that Textual sends."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._x = self._y = 0
        self.alternate = False
        self._clear()

    @property
    def text(self) -> str:
        """What is to be seen, without blanks at the ends of rows."""
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def feed(self, data: bytes) -> None:
        """Take what was written; a sequence may come in pieces."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        place = 0
        while place < len(text):
            if text[place] != "\x1b":
                self._put(text[place])
                place += 1
                continue
            found = _SEQUENCE.match(text, place)
            if found is None and len(text) - place < _LONGEST:
                self._rest = text[place:]
                return
            if found is not None and found["final"]:
                self._steer(found["csi"], found["final"])
            place = found.end() if found is not None else place + 1

    def _clear(self) -> None:
        width, height = self._size
        self._cells = [[" "] * width for _ in range(height)]

    def _steer(self, given: str, final: str) -> None:
        if final in "Hf":
            row, _, column = given.partition(";")
            self._y, self._x = int(row or 1) - 1, int(column or 1) - 1
        elif final == "J" and given in {"2", "3"}:
            self._clear()
        elif given == "?1049" and final in "hl":
            self.alternate = final == "h"
            self._clear()

    def _put(self, character: str) -> None:
        width, height = self._size
        if character == "\n":
            self._y += 1
        elif character == "\r":
            self._x = 0
        elif character.isprintable():
            size = cell_len(character)
            for offset in range(size):
                if 0 <= self._y < height and 0 <= self._x < width:
                    self._cells[self._y][self._x] = character if not offset else ""
                self._x += 1
