"""What the keys that only look do: other screens, the clipboard, a picture, the mouse.

Loaded with the first of these keys: none of it is needed for the first paint.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from console.tui.names import counted
from console.tui.screens.help import HelpScreen
from console.tui.screens.history import HistoryScreen
from console.tui.screens.logs import LogsScreen
from console.tui.screens.page import Page
from console.tui.screens.receipt import ReceiptScreen
from console.tui.screens.replicas import ReplicasScreen

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
            app.freeze()
            again = app.board.shown("freeze")
            app.notice(
                f"the panels are frozen, all else goes on; {again} thaws them" if app.frozen else "it moves again"
            )
        case "copy" if isinstance(app.screen, Page):
            app.screen.action_copy()
        case "copy":
            app.copy_to_clipboard(text)
            app.notice(f"copied {counted(len(text.splitlines()), 'line')}")
        case "screenshot":
            _save_picture(app)
        case "mouse":
            app.switch_mouse()
        case _:
            _open(app, key)


def _open(app: ConsoleApp, key: str) -> None:
    view, rollout = app.board.sample.view, app.board.rollout
    match key:
        case "help":
            app.push_screen(HelpScreen())
        case "history":
            app.push_screen(HistoryScreen())
        case "replicas":
            app.push_screen(ReplicasScreen())
        case "receipt" if rollout is not None:
            app.push_screen(ReceiptScreen(rollout.number))
        case "logs" if view is not None and view.observed.replicas:
            serving = view.observed.of(view.observed.active) or view.observed.replicas
            app.push_screen(LogsScreen(serving[0].name))
        case _:
            pass


def _save_picture(app: ConsoleApp) -> None:
    name = f"rollout-{time.strftime('%Y%m%d-%H%M%S')}.svg"
    try:
        folder = Path.cwd()
        app.save_screenshot(filename=name, path=str(folder))
    except OSError as error:
        app.notice(f"the picture can't be saved: {error.strerror or error}", bad=True)
        return
    app.notice(f"saved {name} in {folder}")
