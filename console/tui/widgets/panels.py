"""The five panels, each where the arrangement puts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from console.tui.arrangement import PanelName, Places, arrange
from console.tui.board import Board
from console.tui.paint import Line, Rows
from console.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from console.tui.telling import Told

_PAGE = 5


class ColorsPanel(Panel):
    """Both colors."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", show=False)]
    panel = PanelName.COLORS
    opening = "waiting for the first look at the stack"

    class Opened(Message):
        """The operator wants to see every replica."""

    def action_open(self) -> None:
        """Ask for the replicas."""
        self.post_message(self.Opened())


class RequestsPanel(Panel):
    """What clients get."""

    panel = PanelName.REQUESTS
    opening = "no data"


class UpstreamPanel(Panel):
    """Where the traffic goes."""

    panel = PanelName.UPSTREAM
    opening = "waiting for the proxy"


class RolloutPanel(Panel):
    """The rollout."""

    panel = PanelName.ROLLOUT
    opening = "opening the stack"


class EventsPanel(Panel):
    """What happened; scrolling up stays where it is, whatever comes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "back(1)", show=False),
        Binding("down", "back(-1)", show=False),
        Binding("pageup", f"back({_PAGE})", show=False),
        Binding("pagedown", f"back(-{_PAGE})", show=False),
        Binding("home", "back(100000)", show=False),
        Binding("end", "back(-100000)", show=False),
    ]
    panel = PanelName.EVENTS
    opening = "nothing has happened since this screen was opened"

    class Scrolled(Message):
        """Another part is to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        """Only events with these are shown."""
        self.back = 0
        self._count = 0
        self._sorted: tuple[object, object, str] = (None, None, "")
        """What `_found` was made of: most frames bring no event."""
        self._found: tuple[Told, ...] = ()

    def rows_of(self, board: Board, width: int, height: int) -> Rows:
        """As `Panel.rows_of`."""
        from console.tui.widgets.events import events_of, events_rows, reach  # noqa: PLC0415 - as in `Panel.part`

        news = board.sample.view.news if board.sample.view else None
        told, seen, words = self._sorted
        if told is not board.told or seen is not news or words != self.words:
            self._sorted, self._found = (board.told, news, self.words), events_of(board, self.words)
        count = len(self._found)
        if self.back:
            self.back += max(0, count - self._count)
        self._count = count
        if self.back:
            self.back = max(0, min(self.back, count - reach(self._found, width, height)))
        return events_rows(self._found, width, height, words=self.words, back=self.back)

    def note_of(self, board: Board) -> Line:
        """As `Panel.note_of`."""
        from console.tui.widgets.events import events_note  # noqa: PLC0415 - as above

        return events_note(board, words=self.words, back=self.back)

    def action_back(self, lines: int) -> None:
        """Scroll so many lines towards the past."""
        self.back = max(0, self.back + lines)
        self.post_message(self.Scrolled())


class _Arrangement(Layout):
    name = "board"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:  # noqa: ARG002, FBT001, FBT002 - Textual's own signature
        if not isinstance(parent, Panels):
            return []
        places = arrange(size.width, size.height, focus=parent.chosen, zoomed=parent.zoomed, replicas=parent.replicas)
        placements = []
        for child in children:
            if isinstance(child, Panel):
                child.place = place = places.get(child.panel)
                if place is not None:
                    region = Region(place.x, place.y, place.width, place.height)
                    placements.append(WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, child))
        return placements


class Panels(Widget):
    """All of them."""

    DEFAULT_CSS = "Panels { height: 1fr; width: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._arrangement = _Arrangement()
        self._all: tuple[Panel, ...] = (ColorsPanel(), RequestsPanel(), UpstreamPanel(), RolloutPanel(), EventsPanel())
        self.chosen = PanelName.COLORS
        """The panel that has the focus; in a small terminal the only one that is shown."""
        self.zoomed = False
        self.replicas = 0
        """How many replicas there are to be listed."""

    @property
    def layout(self) -> Layout:
        """Its own, which no style sheet names."""
        return self._arrangement

    def compose(self) -> ComposeResult:
        """One of each."""
        yield from self._all

    def named(self, name: PanelName) -> Panel:
        """The panel of that name."""
        return self._all[name.number - 1]

    def choose(self, name: PanelName, *, zoomed: bool, replicas: int) -> None:
        """What decides where they are; what did not change costs nothing."""
        if (name, zoomed, replicas) == (self.chosen, self.zoomed, self.replicas):
            return
        before = self._places()
        self.chosen, self.zoomed, self.replicas = name, zoomed, replicas
        if before != self._places():  # a new arrangement paints everything anew
            self.arrange_anew()

    def _places(self) -> Places:
        width, height = self.size
        return arrange(width, height, focus=self.chosen, zoomed=self.zoomed, replicas=self.replicas)

    def arrange_anew(self) -> None:
        """Ask for it through a child: Textual keeps a widget's last arrangement until one of its children asks."""
        self._all[0].refresh(layout=True)

    def draw(self, board: Board) -> None:
        """Show the board in all of them."""
        for panel in self._all:
            panel.draw(board)
