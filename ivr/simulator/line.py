"""One caller's line in a simulated world: the call, who acts on it, and all that happens, in order."""

from collections.abc import Callable

from events.catalogue import ContactEnded, Event, StepEntered
from ivr.nodes.returning import EXAMPLE_CODE
from ivr.ports.callbacks import CallbackWish, Kept, Promise, Standing
from ivr.ports.texting import Sending, TextMessage
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from ivr.simulator.caller import ActingCaller
from ivr.simulator.ear import Did, Heard
from ivr.simulator.story import Item, Moment, Story, step_name
from ivr.web.simulated import SimulatedTexts


class CallersLine:
    """Notes what happens, and tells the caller of it, and `watched`. `run` is there once the flow has begun."""

    def __init__(self, call: SimulatedCall, caller: ActingCaller, began_s: float) -> None:
        self.call = call
        self.caller = caller
        self.moments: list[Moment] = []
        self.watched: Callable[[Moment], None] | None = None
        self.run: FlowRun | None = None
        self._began_s = began_s
        self.first_flow = ""
        call.ear.told = self._told

    def note(self, item: Item) -> None:
        """It happens now."""
        self.moments.append(Moment(self.call.ear.clock() - self._began_s, item))
        if isinstance(item, StepEntered):
            self.first_flow = self.first_flow or item.flow
            self.caller.stepped(step_name(item, self.first_flow))
        if self.watched is not None:
            self.watched(self.moments[-1])

    def _told(self, item: Heard | Did) -> None:
        self.note(item)
        self.caller.heard(item)

    def story(self, begins_ms: int) -> Story:
        """What came of it, when it is over."""
        assert self.run is not None
        events: list[Event] = [moment.item for moment in self.moments if isinstance(moment.item, Event)]
        ended = next(event for event in reversed(events) if isinstance(event, ContactEnded))
        ear = self.call.ear
        return Story(
            run=self.run,
            begins_ms=begins_ms,
            moments=tuple(self.moments),
            outcome=ended.outcome,
            cause=ended.cause,
            lasted_s=ended.duration_ms / 1000,
            longest_silence_s=ear.longest_silence_s,
            longest_listened_s=ear.longest_listened_s,
        )


class NotedTexts(SimulatedTexts):
    """The gateway for text messages as one caller meets it."""

    def __init__(self, outcome: Sending, line: CallersLine) -> None:
        super().__init__(outcome)
        self._line = line

    async def send(self, message: TextMessage) -> Sending:
        outcome = await super().send(message)
        if outcome is Sending.SENT:
            self._line.note(message)
        return outcome


class NotedCallbacks:
    """The Callbacks port as one caller meets it: every number will do. A promise of the same call stands too."""

    def __init__(self, outcome: Promise, line: CallersLine) -> None:
        self._outcome = outcome
        self._line = line
        self._standing = Standing("cb-1", "") if outcome is Promise.ALREADY else None

    def fits(self, pii_number: str) -> bool:
        return pii_number.isdigit()

    async def ask(self, wish: CallbackWish) -> Kept:
        if self._standing is not None:
            return Kept(Promise.ALREADY)
        if self._outcome not in (Promise.PROMISED, Promise.ALREADY):
            return Kept(self._outcome)
        self._line.note(wish)
        self._standing = Standing("cb-1", wish.queue)
        return Kept(Promise.PROMISED, "" if wish.pii_caller else EXAMPLE_CODE)

    async def standing(self, *, pii_caller: str = "", pii_code: str = "") -> Standing | None:
        standing = self._standing if pii_caller or pii_code == EXAMPLE_CODE else None
        if standing is not None:
            self._line.note(standing)
        return standing

    async def cancel(self, standing: Standing) -> bool:
        self._standing = None
        self._line.note(Did(self._line.call.ear.clock(), "cancel"))
        return True
