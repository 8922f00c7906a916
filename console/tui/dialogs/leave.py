"""What becomes of a running rollout when its operator leaves the screen."""

from __future__ import annotations

from console.tui.dialogs.choice import ChoiceDialog, Option

_OPTIONS = (
    Option(key="s", answer="stay", text="stay"),
    Option(key="p", answer="print", text="leave the screen, and go on here in plain lines"),
    Option(
        key="a",
        answer="abort",
        text="abort safely, and leave",
        detail="it ends at its next safe point; traffic stays on the color that was seen serving last",
    ),
)


class LeaveDialog(ChoiceDialog):
    """Answers `stay`, `print` or `abort`."""

    def __init__(self) -> None:
        super().__init__("a rollout is running", "It never ends just because the screen is left:", _OPTIONS)
