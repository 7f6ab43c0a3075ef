"""A FlowRun as data, and what a node of a flow may touch while it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from acd.distributor import Distributor
from acd.model import NodeId, Offer, QueueId
from events.sink import Sink
from ivr.language.calendar import Calendar
from ivr.language.crises import Crises, Crisis, crisis_now
from ivr.language.problems import FlowError
from ivr.language.prompting import Prompts, Said, Value, spoken_value
from ivr.ports.call import AgentLeg, Call, Clip
from ivr.ports.callbacks import Callbacks
from ivr.ports.lookups import Lookups
from ivr.ports.mailboxes import Mailboxes
from ivr.ports.phones import AgentPhones
from ivr.ports.places import Places
from ivr.ports.talk import Destinations
from ivr.ports.texting import Texts
from ivr.running.commands import Commands
from ivr.running.logged_in import LoggedIn
from ivr.running.offers import Offers
from ivr.running.talk_words import Over

Scalar = str | int | float | bool

MOST_FRAMES = 8
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


@dataclass(frozen=True, slots=True)
class Frame:
    """A flow that called another one, and where it goes on: `step` is its node that called."""

    flow: str
    step: str
    variables: dict[str, Scalar]
    asked: dict[str, str]


@dataclass(slots=True)
class Elsewhere:
    """Where a caller was sent on to, the last message they left in a mailbox, by its name there, and whether they are
    rung back.
    """

    transferred: str = ""
    message: str = ""
    promised: bool = False


@dataclass(slots=True)
class FlowRun:
    """All that another node needs to go on with a caller: JSON-able, and free of personal digits.

    `version` is that of the book. `frames` are the flows that called this one, the first one first. `asked` says which
    step asked for each personal variable: a run that is resumed asks there again when it needs it. `began_ms` (epoch)
    is when the call came.
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
    frames: list[Frame] = field(default_factory=list)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    began_ms: int = 0

    def to_data(self) -> dict[str, Any]:
        """Plain dicts, lists and scalars."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "FlowRun":
        """The run that `to_data` wrote. Raises KeyError or TypeError when it is none."""
        values = dict(data)
        entry = values.pop("entry")
        journey = [Visit(**visit) for visit in values.pop("journey")]
        frames = [Frame(**frame) for frame in values.pop("frames")]
        elsewhere = Elsewhere(**values.pop("elsewhere"))
        entry = Visit(**entry) if entry else None
        return cls(**values, entry=entry, journey=journey, frames=frames, elsewhere=elsewhere)

    def enter(self, step: str) -> None:
        """Come to a step; the trace keeps the last steps, those of sub-flows as `flow.step`."""
        self.step = step
        if len(self.trace) >= _MOST_TRACED:
            del self.trace[0]
        self.trace.append(f"{self.flow}.{step}" if self.frames else step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What an engine may have besides. One that is None is not there: nodes that need it go on as when it fails."""

    mailboxes: Mailboxes | None = None
    lookups: Lookups | None = None
    texts: Texts | None = None
    crises: Crises | None = None
    callbacks: Callbacks | None = None
    places: Places | None = None
    talks: "Talking | None" = None


@dataclass(frozen=True, slots=True)
class Services(Ports):
    """What one engine gives to all its flows. `now_ms` is the wall clock, milliseconds since the epoch.

    `settings` are the deployment's values for variables that flows declare, such as `demo`; `site` is the node's.
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
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    site: str = ""
    logged_in: LoggedIn = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "logged_in", LoggedIn(self.distributor, self.commands))


class Talking(Protocol):
    """Who leads talks; without one a talk is a bridge and nothing else (`ivr.running.talks.Talks`)."""

    destinations: Destinations

    async def through(self, run: "Run", offer: Offer, leg: AgentLeg, done: Callable[[], None]) -> Over: ...


class Step(Protocol):
    """A node of a flow, as the interpreter sees it."""

    @property
    def type(self) -> str: ...

    @property
    def flows_out_as(self) -> str: ...

    async def run(self, run: "Run") -> str | None: ...


class RunnableFlow(Protocol):
    """A flow, as its runs see it (`ivr.files.flow.Flow`)."""

    @property
    def start(self) -> str: ...

    @property
    def answer(self) -> Literal["at_once", "late"]: ...

    @property
    def languages(self) -> Sequence[str]: ...

    @property
    def fallback(self) -> Mapping[str, str]: ...

    @property
    def nodes(self) -> Mapping[str, Step]: ...

    def first_variables(
        self, number: str, settings: Mapping[str, Scalar], diverted_from: str = ""
    ) -> dict[str, Scalar]: ...

    def unset(self, name: str) -> Scalar: ...


class Book(Protocol):
    """One version of all flows, as their runs see it (`ivr.book.FlowBook`)."""

    @property
    def by_name(self) -> Mapping[str, RunnableFlow]: ...

    @property
    def calendars(self) -> Mapping[str, Calendar]: ...

    @property
    def crises(self) -> Mapping[str, Crisis]: ...


class TooDeepError(FlowError):
    """Flows call each other without an end, or one returns that nobody called."""


class ForgottenDigitsError(Exception):
    """A personal variable is needed after a take-over: `step` asks for it again."""

    def __init__(self, variable: str, step: str) -> None:
        super().__init__(f"variable {variable!r} is not in the snapshot; step {step!r} asks for it")
        self.variable = variable
        self.step = step


class Run:
    """One caller in one flow: what a node may touch. `ended` is the cause of the call's end, empty while it lasts.

    `book` is the version that the caller began with; `flow` the one of it that is run now.
    """

    __slots__ = ("_pii", "book", "call", "data", "early", "ended", "flow", "idle_steps", "services")

    def __init__(self, call: Call, data: FlowRun, services: Services, book: Book) -> None:
        """Raises KeyError where the book does not have the run's flow."""
        self.call = call
        self.data = data
        self.services = services
        self.book = book
        self.flow: RunnableFlow = book.by_name[data.flow]
        first = book.by_name[data.frames[0].flow] if data.frames else self.flow
        self.early = first.answer == "late"
        self.idle_steps = 0
        self.ended = ""
        self._pii: list[dict[str, Scalar]] = [{} for _ in range(len(data.frames) + 1)]

    @property
    def language(self) -> str:
        return str(self.data.variables["language"])

    def crisis(self) -> Crisis | None:
        """The crisis that this caller meets now: one for the flow, or for the one that was dialled."""
        services, data = self.services, self.data
        flows = [data.flow, *(frame.flow for frame in data.frames)]
        return crisis_now(services.crises, self.book.crises, flows, services.now_ms())

    def call_flow(self, name: str, values: Mapping[str, Scalar]) -> str:
        """Go into another flow of the book; gives its first step. Raises FlowError where flows call each other on."""
        data = self.data
        if len(data.frames) >= MOST_FRAMES:
            raise TooDeepError(f"flow {data.flow!r}: flows call each other more than {MOST_FRAMES} deep")
        flow = self.book.by_name[name]
        variables = flow.first_variables(
            str(data.variables["number"]), self.services.settings, str(data.variables["diverted_from"])
        )
        language = str(data.variables["language"])
        variables |= {"language": language if language in flow.languages else flow.languages[0], **values}
        data.frames.append(Frame(data.flow, data.step, data.variables, data.asked))
        data.flow, data.variables, data.asked = name, variables, {}
        self.flow = flow
        self._pii.append({})
        return flow.start

    def return_flow(self) -> dict[str, Scalar]:
        """Go back to the flow that called, to its node that called (`data.step`); gives the variables of the one left.

        Raises TooDeepError where no flow called.
        """
        data = self.data
        if not data.frames:
            raise TooDeepError(f"flow {data.flow!r} was not called by another one")
        frame, theirs = data.frames.pop(), data.variables
        data.flow, data.step, data.variables, data.asked = frame.flow, frame.step, frame.variables, frame.asked
        self.flow = self.book.by_name[frame.flow]
        self._pii.pop()
        return theirs

    def progressed(self) -> None:
        """The caller pressed something, or time passed in a queue: the flow does not turn in an empty circle."""
        self.idle_steps = 0

    def clips(self, said: Said, **values: Value) -> tuple[Clip, ...]:
        """The sound of `said` in the caller's language; slots that `values` leave out are variables of the run."""
        slots = said.slots()
        if slots:
            said = said.with_values(**{name: values.get(name) or self._spoken(name) for name in slots})
        if not said.fallback:
            said = said.falling_back(self.flow.fallback)
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
        if name in self._pii[-1]:
            return self._pii[-1][name]
        if name == "crisis":
            crisis = self.crisis()
            return "" if crisis is None else crisis.name
        if name in self.data.asked:
            raise ForgottenDigitsError(name, self.data.asked[name])
        return self.flow.unset(name)

    def set(self, name: str, value: Scalar) -> None:
        self.data.variables[name] = value

    def set_personal(self, name: str, pii_value: Scalar) -> None:
        """Keep digits, or what was looked up, for the length of this call on this node only."""
        self._pii[-1][name] = pii_value
        self.data.asked[name] = self.data.step

    def clear(self, name: str) -> None:
        """As if nothing had set it."""
        self._pii[-1].pop(name, None)
        self.data.variables.pop(name, None)
        self.data.asked.pop(name, None)

    def _spoken(self, name: str) -> Value:
        return spoken_value(self.value(name))
