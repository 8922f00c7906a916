"""What all tests of the console share."""

from __future__ import annotations

import pytest

from console.tui.screens import live, page


@pytest.fixture(autouse=True)
def _notices_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice that a test waits for is there until the test gets round to looking, also on a busy machine."""
    for screen in (live, page):
        monkeypatch.setattr(screen, "_NOTICE", 30.0)
