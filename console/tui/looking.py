"""What the keys that only look do: other screens, the clipboard, a picture, the mouse."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.tui.app import ConsoleApp


def look(app: ConsoleApp, key: str, text: str) -> None:
    """Do what a looking key says.

    Args:
        app: the console.
        key: the key's id.
        text: the content of the panel that has the focus.
    """
    match key:
        case "palette":
            app.action_command_palette()
        case "leave":
            app.run_worker(app.action_quit(), group="leave", exclusive=True)
        case "freeze":
            app.frozen = not app.frozen
            app.notice("the display is frozen, everything else goes on; p thaws it" if app.frozen else "it moves again")
            app.redraw()
        case "copy":
            app.copy_to_clipboard(text)
            app.notice(f"copied {len(text.splitlines())} lines")
        case "screenshot":
            _save_picture(app)
        case "mouse":
            app.switch_mouse()
        case _:
            app.open(key)


def _save_picture(app: ConsoleApp) -> None:
    name = f"rollout-{time.strftime('%Y%m%d-%H%M%S')}.svg"
    try:
        saved = app.save_screenshot(filename=name, path=str(Path.cwd()))
    except OSError as error:
        app.notice(f"the picture can't be saved: {error.strerror or error}", bad=True)
        return
    app.notice(f"saved {saved}")
