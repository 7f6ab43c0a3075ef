"""A FlowRun as data, and what a node of a flow may touch while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acd.distributor import Distributor
from acd.model import NodeId, QueueId
from events.sink import Sink
from ivr.calendar import Calendar
from ivr.call import Call, Clip
from ivr.commands import Commands
from ivr.offers import Offers
from ivr.phones import AgentPhones
from ivr.prompting import Number, Prompts, Said, Spelled, Value

Scalar = str | int | float | bool

_MOST_TRACED = 200


@dataclass(slots=True)
class Visit:
    """One stay in a queue. `outcome` is empty while it lasts, then `answered` or the cause of leaving.

    `arrived_ms` is the epoch; `waited_ms` ends with the agent's answer or the leaving.
    """

    queue: QueueId
    arrived_ms: int
    priority_s: int = 0
    outcome: str = ""
    agent: str = ""
    waited_ms: int = 0


@dataclass(slots=True)
class FlowRun:
    """All that another node needs to go on with a caller: JSON-able, and free of personal digits.

    `asked` says which step asked for each personal variable: a run that is resumed asks there again when it needs it.
    """

    contact: str
    flow: str
    version: str
    step: str
    variables: dict[str, Scalar] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    entry: Visit | None = None
    journey: list[Visit] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    transferred: str = ""

    def to_data(self) -> dict[str, Any]:
        """Plain dicts, lists and scalars."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "FlowRun":
        """The run that `to_data` wrote. Raises KeyError or TypeError when it is none."""
        values = dict(data)
        entry = values.pop("entry")
        journey = [Visit(**visit) for visit in values.pop("journey")]
        return cls(**values, entry=Visit(**entry) if entry else None, journey=journey)

    def enter(self, step: str) -> None:
        """Come to a step; the trace keeps the last steps."""
        self.step = step
        if len(self.trace) >= _MOST_TRACED:
            del self.trace[0]
        self.trace.append(step)


@dataclass(frozen=True, slots=True)
class Services:
    """What one engine gives to all its flows. `now_ms` is the wall clock, milliseconds since the epoch.

    `settings` are the deployment's values for variables that flows declare, such as `demo`.
    """

    tenant: str
    node: NodeId
    prompts: Prompts
    distributor: Distributor
    offers: Offers
    phones: AgentPhones
    commands: Commands
    sink: Sink
    now_ms: Callable[[], int]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    settings: Mapping[str, Scalar] = field(default_factory=dict)


class ForgottenDigitsError(Exception):
    """A personal variable is needed after a take-over: `step` asks for it again."""

    def __init__(self, variable: str, step: str) -> None:
        super().__init__(f"variable {variable!r} is not in the snapshot; step {step!r} asks for it")
        self.variable = variable
        self.step = step


class Run:
    """One caller in one flow: what a node may touch. `ended` is the cause of the call's end, empty while it lasts.

    `early`: what wants no keys is spoken before the call is answered.
    """

    __slots__ = ("_pii", "call", "data", "early", "ended", "idle_steps", "services")

    def __init__(self, call: Call, data: FlowRun, services: Services, *, early: bool = False) -> None:
        self.call = call
        self.data = data
        self.services = services
        self.early = early
        self.idle_steps = 0
        self.ended = ""
        self._pii: dict[str, str] = {}

    @property
    def language(self) -> str:
        return str(self.data.variables["language"])

    def progressed(self) -> None:
        """The caller pressed something, or time passed in a queue: the flow does not turn in an empty circle."""
        self.idle_steps = 0

    def clips(self, said: Said, **values: Value) -> tuple[Clip, ...]:
        """The sound of `said` in the caller's language; slots that `values` leave out are variables of the run."""
        slots = said.slots()
        if slots:
            said = said.with_values(**{name: values.get(name) or self._spoken(name) for name in slots})
        return self.services.prompts.clips(said, self.language)

    async def say(self, said: Said, *, keys: str = "", **values: Value) -> str | None:
        """Take the call and speak; a key among `keys` ends it and is given."""
        if not self.call.answered:
            await self.call.answer(early=self.early and not keys)
        return await self.call.play(self.clips(said, **values), keys=keys)

    def value(self, name: str) -> Scalar:
        """A variable, for expressions. Raises ForgottenDigitsError for personal digits that stayed on another node."""
        value = self.data.variables.get(name)
        if value is not None:
            return value
        if name in self._pii:
            return self._pii[name]
        if name in self.data.asked:
            raise ForgottenDigitsError(name, self.data.asked[name])
        return ""

    def set(self, name: str, value: Scalar) -> None:
        self.data.variables[name] = value

    def set_personal(self, name: str, pii_digits: str) -> None:
        """Keep digits for the length of this call on this node only."""
        self._pii[name] = pii_digits
        self.data.asked[name] = self.data.step

    def _spoken(self, name: str) -> Value:
        value = self.value(name)
        return Number(value) if isinstance(value, int) else Spelled(str(value))
