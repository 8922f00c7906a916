"""The live screen: a headline, five panels, a row of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from console.tui.arrangement import PanelName, one_at_a_time
from console.tui.keys import KEYS, Kind
from console.tui.memory import collect_what_was_closed
from console.tui.obstacles import obstacle
from console.tui.paint import Line, Tone, fit, line
from console.tui.widgets.keyline import keyline
from console.tui.widgets.panel import Panel
from console.tui.widgets.panels import ColorsPanel, EventsPanel, Panels
from console.tui.widgets.rows import RowsWidget

if TYPE_CHECKING:
    from console.tui.app import ConsoleApp

_TIDY = 0.05
"""Seconds until nothing refers to a screen that was closed."""
_NOTICE = 5.0
"""Seconds that a notice stays."""


class LiveScreen(Screen[None]):
    """What is open from beginning to end."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.key, f"press('{key.id}')", key.help, id=key.id, show=False) for key in KEYS
    ]

    def __init__(self) -> None:
        super().__init__()
        self._focus = PanelName.COLORS
        self._zoomed = False
        self._followed = 0
        """The rollout that was gone to when it began."""
        self._notice: Line = ()
        self._quiet: Timer | None = None
        # Held rather than looked up: a rollout may end, and say so, while Textual is already taking the screen down.
        self._headline = RowsWidget(id="headline")
        self._panels = Panels()
        self._keyline = RowsWidget(id="keyline")

    def compose(self) -> ComposeResult:
        """Headline, panels, filter, keys."""
        yield self._headline
        yield self._panels
        yield Input(id="filter", compact=True, placeholder="words that an event must have")
        yield self._keyline

    def on_mount(self) -> None:
        """Begin with the first panel."""
        self._arrange()
        self._go(self._focus)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the new size."""
        del event
        self.draw()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Back from a dialog or another screen: the size may be another one."""
        del event
        self._panels.arrange_anew()
        self.draw()
        self.set_timer(_TIDY, collect_what_was_closed)

    def on_panel_placed(self, event: Panel.Placed) -> None:
        """Draw what stands somewhere else now."""
        event.stop()
        self.draw()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember which panel has the focus; in a small terminal it is the one that is shown."""
        name = event.widget.id
        if name in set(PanelName) and name is not None and self._focus != name:
            self._focus = PanelName(name)
            self._arrange()
        self.draw()

    def on_colors_panel_opened(self, event: ColorsPanel.Opened) -> None:
        """Every replica."""
        event.stop()
        self.press("replicas")

    def on_events_panel_scrolled(self, event: EventsPanel.Scrolled) -> None:
        """Show another part of the events."""
        event.stop()
        self.draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        event.stop()
        self.query_one(EventsPanel).words = event.value
        self.draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter; an empty one shows everything."""
        event.stop()
        self._end_filter()

    def on_key(self, event: events.Key) -> None:
        """Escape ends what is special: the filter, the zoom."""
        if event.key != "escape":
            return
        panel = self.query_one(EventsPanel)
        if self.query_one("#filter", Input).has_class("shown") or panel.words:
            panel.words = ""
            self.query_one("#filter", Input).value = ""
            self._end_filter()
        elif self._zoomed:
            self.press("zoom")

    def action_press(self, key: str) -> None:
        """A key was pressed."""
        if self.console.screen is self:
            self.press(key)

    def press(self, key: str) -> None:
        """Do what a key says, wherever it came from."""
        entry = next((one for one in KEYS if one.id == key), None)
        if entry is None:
            return
        reason = obstacle(key, self.console.board)
        if reason:
            self.say(reason, bad=True)
        elif entry.kind is not Kind.LOOKS or key == "lock":
            self.run_worker(self.console.operator.act(key), group="acts")
        else:
            self._look(key)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say something on the last row, for a moment."""
        self._notice = line((text, Tone.WARN if bad else Tone.PLAIN))
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(_NOTICE, self._be_quiet)
        self._draw_keys()

    def draw(self) -> None:
        """Show the board, unless the display is frozen."""
        if not self.is_mounted:
            return
        console = self.console
        self._headline.show((_top(console),))
        self._follow_own_rollout()
        self._arrange()
        self._panels.draw(console.shown)
        self._draw_keys()

    @property
    def console(self) -> ConsoleApp:
        """The application."""
        from console.tui.app import ConsoleApp  # noqa: PLC0415 - the application imports this screen

        app = self.app
        if not isinstance(app, ConsoleApp):
            raise TypeError(f"this screen belongs to the console, not to {type(app).__name__}")
        return app

    def _look(self, key: str) -> None:
        from console.tui.looking import look  # noqa: PLC0415 - other screens are loaded when they are asked for

        match key:
            case "zoom":
                self._zoomed = not self._zoomed
                self._arrange()
                self.draw()
            case "filter":
                self._begin_filter()
            case "next" | "previous":
                self._go(_beside(self._focus, 1 if key == "next" else -1))
            case _ if key.startswith("panel("):
                self._go(tuple(PanelName)[int(key[6]) - 1])
            case _:
                look(self.console, key, self._panels.named(self._focus).text)

    def _begin_filter(self) -> None:
        self._go(PanelName.EVENTS)
        field = self.query_one("#filter", Input)
        field.add_class("shown")
        field.focus()

    def _end_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("shown")
        self._go(PanelName.EVENTS)
        self.draw()

    def _go(self, name: PanelName) -> None:
        self._focus = name
        self._arrange()
        self._panels.named(name).focus()

    def _follow_own_rollout(self) -> None:
        """Where only one panel has room, show the rollout that was asked for, once, when it begins."""
        own = self.console.board.own
        if own is None or own.over or own.number == self._followed or self.console.screen is not self:
            return
        self._followed = own.number
        typing = self.query_one("#filter", Input).has_class("shown")
        if one_at_a_time(*self._panels.size) and not typing:  # what is typed must not become keys
            self._go(PanelName.ROLLOUT)

    def _arrange(self) -> None:
        view = self.console.shown.sample.view
        count = len(view.observed.replicas) if view else 0
        self._panels.choose(self._focus, zoomed=self._zoomed, replicas=count)

    def _be_quiet(self) -> None:
        self._notice = ()
        self._draw_keys()

    def _draw_keys(self) -> None:
        row = keyline(self.console.board, self.app.size.width, notice=self._notice)
        self._keyline.show((row,))


def _beside(name: PanelName, step: int) -> PanelName:
    names = tuple(PanelName)
    return names[(names.index(name) + step) % len(names)]


def _top(console: ConsoleApp) -> Line:
    board, width = console.board, console.size.width
    if board.facts is None:
        return fit(line((" rollout ", Tone.STRONG), (f"{board.glyphs.arrow} looking", Tone.DIM)), width)
    from console.tui.widgets.headline import headline  # noqa: PLC0415 - not needed for the first paint

    return headline(board, width, frozen=console.frozen)
