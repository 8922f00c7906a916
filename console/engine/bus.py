"""The bus: every event goes to the journal first, then to whoever listens."""

from __future__ import annotations

from collections.abc import Callable

from console.model.errors import RuntimeFailedError
from console.model.events import CutoverSeen, Event, Record, StepProgressed, StepStarted, Warned
from console.model.plan import Stage
from console.ports.clock import Clock
from console.ports.journal import Journal

Listener = Callable[[Record], None]

_BEFORE_TRAFFIC = frozenset({Stage.PREPARE.value, Stage.CUTOVER.value})


class Bus:
    """Events of one session, in order.

    Listeners are called on the engine's loop and must neither block nor raise.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._listeners: list[Listener] = []
        self._unwritable = False
        self._moved = 0
        """The rollout that has moved traffic, if any."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear every record from now on; returns the way to stop."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def publish(self, rollout: int, event: Event) -> Record:
        """Make an event known.

        Progress is shown but not journaled. Everything else is durable before anybody hears of it.

        Raises:
            RuntimeFailedError: a step that may change something can't be journaled, so it must not begin.
                Once traffic has moved, a full disk is a warning: going on, or back, is safer than stopping half-way.
        """
        if isinstance(event, CutoverSeen):
            self._moved = rollout
        if isinstance(event, StepProgressed):
            return self._tell(Record(rollout=rollout, sequence=0, at=self._clock.now(), event=event))
        try:
            record = self._journal.append(rollout=rollout, at=self._clock.now(), event=event)
        except OSError as error:
            return self._unjournaled(rollout, event, error)
        return self._tell(record)

    def _unjournaled(self, rollout: int, event: Event, error: OSError) -> Record:
        if isinstance(event, StepStarted) and event.stage in _BEFORE_TRAFFIC and rollout != self._moved:
            raise RuntimeFailedError(
                "write the journal",
                f"{error.strerror or error}",
                now="the step was not begun",
                next_command="df -h",
            ) from error
        at = self._clock.now()
        if not self._unwritable:
            self._unwritable = True
            warning = Warned(text=f"the journal can't be written: {error.strerror or error}", hint="df -h")
            self._tell(Record(rollout=rollout, sequence=0, at=at, event=warning))
        return self._tell(Record(rollout=rollout, sequence=0, at=at, event=event))

    def _tell(self, record: Record) -> Record:
        for listener in tuple(self._listeners):
            listener(record)
        return record
