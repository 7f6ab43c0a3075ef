"""lookup: ask a web service about the caller's matter."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from itertools import product
from math import prod
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from events.catalogue import LookupDone
from ivr.language.expression import Expression
from ivr.language.schema import Condition, Length, Name, Part, Target, Texts, Where
from ivr.language.ways import UNKNOWN, Act, Kind, Known, Moment, Move, Types, Way
from ivr.nodes.base import Node
from ivr.ports.lookups import MOST_TEXT, Cause, Failed, Found, Outcome, Question, Wanted
from ivr.ports.lookups import Kind as ValueKind
from ivr.running.run import Run, Scalar

LONGEST_S = 30.0
PATIENCE_S = 1.0
"""How long a caller hears nothing before something is said or played."""

_SLOT = re.compile(r"\{([a-z][a-z0-9_]{0,40})\}")
_PATH = re.compile(r"(?:(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]++)*+/?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*+)?)?")
_HIDDEN = re.compile(r"%(?:2[ef]|5c)", re.IGNORECASE)
"""Dots and slashes in the clothes of other characters: whoever undoes them climbs to another path."""
_CLIMBS = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\]|$)")
_MOST_IN_PATH = 200
_MOST_TOLD_APART = 64
_TYPES: Mapping[ValueKind, type] = {ValueKind.TEXT: str, ValueKind.NUMBER: int, ValueKind.TRUE_OR_FALSE: bool}
_GONE = (404, 410)
_OWN = (Cause.STATUS, Cause.NOT_THERE)


def _path(text: str) -> str:
    plain = _SLOT.sub("x", text)
    if not _PATH.fullmatch(plain) or _HIDDEN.search(plain) or {".", ".."} & set(plain.partition("?")[0].split("/")):
        raise PydanticCustomError("path", "a path begins with / and holds variables in braces: /cases/{{case_number}}")
    return text


FieldPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$")]
Header = Annotated[str, Field(pattern=r"^X-[A-Za-z0-9-]{1,40}$")]
WayOut = Annotated[
    str, Field(pattern=rf"^([1-5][0-9][0-9]|{'|'.join(cause for cause in Cause if cause not in _OWN)})$")
]


class Taken(Part):
    """One field of the answer, and what it has to be. What is missing or of another type makes the look-up fail."""

    field: FieldPath = Field(description="The way to it: case.status, or cases.0.id for the first of a list.")
    type: Literal["text", "number", "true_or_false"] = Field(default="text", description="What it has to be.")
    required: bool = Field(default=True, description="Where false, empty text, 0 or false stands for what is missing.")
    personal: bool = Field(default=False, description="It is in no trace, event or snapshot, and in no URL.")
    most: int = Field(default=MOST_TEXT, ge=1, le=MOST_TEXT, description="Characters of a text, at most.")
    one_of: list[str] = Field(default_factory=list, max_length=50, description="The only texts that it may be.")

    def wanted(self) -> Wanted:
        """The same in the words of the port."""
        way = tuple(self.field.split("."))
        return Wanted(way, ValueKind(self.type), self.required, self.most, tuple(self.one_of))

    def among(self, values: Iterable[Known]) -> list[Known]:
        """Those of the `values` that it may have, and one that it may have besides."""
        known = list(values)
        if UNKNOWN in known:
            return [UNKNOWN]
        may_be = self.one_of if self.required else [*self.one_of, ""]
        other = [value for value in may_be if value not in known][:1]
        return [*(value for value in known if value in may_be), *other]


class Asking(Node):
    """What a look-up asks of whom, and what it takes of the answer."""

    service: Name = Field(description="A `[[lookup]]` of the deployment.")
    path: Annotated[str, AfterValidator(_path)] = Field(
        default="", max_length=500, description="Added to the service's address; `{variable}` stands for its value."
    )
    send: dict[Name, Condition] | None = Field(
        default=None, max_length=30, description="Expressions by the name of their field in the JSON that is sent."
    )
    headers: dict[Header, Condition] = Field(
        default_factory=dict, max_length=10, description="Expressions by the header that carries them, X-...."
    )
    take: dict[Name, Taken] = Field(
        default_factory=dict, max_length=30, description="Fields of the answer by variable."
    )
    timeout_s: Length | None = Field(
        default=None, le=LONGEST_S, alias="timeout", description="For everything, retries too; else the service's own."
    )
    retries: int = Field(
        default=0, ge=0, le=3, description="Further tries after a quick failure, of what may be sent twice."
    )

    @model_validator(mode="after")
    def _bounded(self) -> "Asking":
        if len(_SLOT.findall(self.path)) > 10:
            raise PydanticCustomError("path", "a path holds at most 10 variables")
        return self

    def gives(self) -> Types:
        return {name: _TYPES[ValueKind(one.type)] for name, one in self.take.items()}

    def keeps(self) -> frozenset[str]:
        return frozenset(name for name, one in self.take.items() if one.personal)

    def leaves(self) -> dict[Where, frozenset[str]]:
        return {("path",): frozenset(_SLOT.findall(self.path))}

    def expressions(self) -> dict[Where, Expression]:
        sent: dict[Where, Expression] = {("send", name): one for name, one in (self.send or {}).items()}
        return sent | {("headers", name): one for name, one in self.headers.items()}

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("service",): ("lookup", self.service)}

    def question(self, run: Run) -> Question | None:
        """None where a value that the path needs is empty, or no part of a path: it would lead to something else."""
        values = {name: _text(run.value(name)) for name in _SLOT.findall(self.path)}
        sent = None if self.send is None else {name: one.evaluate(run.value) for name, one in self.send.items()}
        headers = {name: _text(one.evaluate(run.value)) for name, one in self.headers.items()}
        if not all(0 < len(value) <= _MOST_IN_PATH and not _CLIMBS.search(value) for value in values.values()):
            return None
        path = _SLOT.sub(lambda found: quote(values[found[1]], safe="", errors="replace"), self.path)
        take = {name: one.wanted() for name, one in self.take.items()}
        return Question(self.service, path, sent, headers, take, self.timeout_s, self.retries)


class Lookup(Asking):
    """Asks a web service of the configuration, and keeps fields of its JSON answer as variables.

    Without `send` it is a GET, with it a POST of a JSON object. Variables stand in the `path` percent-encoded; personal
    ones may only go by `send` and `headers`, since others write paths into their logs. What an earlier answer gave is
    forgotten when the next question is asked. A caller who has to wait hears `meanwhile`, then music.

    ```yaml
    case:
      type: lookup
      service: cases
      path: /cases/{case_number}
      take:
        status: {field: case.status, one_of: [open, closed]}
        days_left: {field: case.days_left, type: number}
      timeout: 2s
      retries: 1
      found: tell_status
      not_found: wrong_number
      failed: desk
    ```
    """

    type: Literal["lookup"]
    meanwhile: Texts | None = Field(default=None, description="Said once to a caller who has to wait, before music.")
    found: Target = Field(description="Where a caller goes on when every field is there.")
    not_found: Target | None = Field(
        default=None, description="Where the service says that there is no such thing (404)."
    )
    causes: dict[WayOut, Target] = Field(
        default_factory=dict, description="Where other failures lead, by cause (timeout) or status of HTTP (503)."
    )
    failed: Target = Field(description="Where every other failure leads.")

    def ways(self) -> tuple[Way, ...]:
        ways = [Way(("found",), self.found, Kind.FOUND)]
        if self.not_found is not None:
            ways.append(Way(("not_found",), self.not_found, Kind.FAILED, "not_found"))
        ways += [Way(("causes", cause), target, Kind.FAILED, cause) for cause, target in self.causes.items()]
        return (*ways, Way(("failed",), self.failed, Kind.FAILED, "failed"))

    def moves(self, moment: Moment) -> Iterable[Move]:
        said = () if self.meanwhile is None else (self.meanwhile,)
        waits_s = self.timeout_s or LONGEST_S
        for way in self.ways():
            acts = (Act("lookup", way.detail or "found"),)
            for sets in self._found(moment) if way.kind is Kind.FOUND else (self._nothing(),):
                yield Move(way, said, waits_s, sets=sets, acts=acts)

    def _found(self, moment: Moment) -> Iterable[dict[str, Known]]:
        """The answers that conditions may tell apart, as far as the flow says what a field may be."""
        among = {name: one.among(moment.values(name, str)) for name, one in self.take.items() if one.one_of}
        if prod(map(len, among.values())) > _MOST_TOLD_APART:
            among = {}
        plain: dict[str, Known] = dict.fromkeys(self.take, UNKNOWN)
        return [plain | dict(zip(among, values, strict=True)) for values in product(*among.values())]

    def _nothing(self) -> dict[str, Known]:
        return {name: kind() for name, kind in self.gives().items()}

    async def run(self, run: Run) -> str | None:
        question = self.question(run)
        for name in self.take:
            run.clear(name)
        began = asyncio.get_running_loop().time()
        outcome = await self._answer(run, question)
        lasted_ms = round((asyncio.get_running_loop().time() - began) * 1000)
        _tell(run, self.service, outcome, lasted_ms)
        if isinstance(outcome, Failed):
            return self._way_of(outcome)
        for name, value in outcome.pii_values.items():
            (run.set_personal if self.take[name].personal else run.set)(name, value)
        return self.found

    async def _answer(self, run: Run, question: Question | None) -> Outcome:
        lookups = run.services.lookups
        if lookups is None:
            return Failed(Cause.NOT_THERE)
        if question is None:
            return Failed(Cause.NOT_ALLOWED)
        asking = asyncio.ensure_future(lookups.ask(question))
        try:
            await asyncio.wait((asking,), timeout=PATIENCE_S)
            if not asking.done():
                await self._entertain(run, asking)
            return await asking
        finally:
            asking.cancel()

    async def _entertain(self, run: Run, asking: "asyncio.Future[Outcome]") -> None:
        call = run.call
        if self.meanwhile is not None:
            await run.say(self.meanwhile)
        elif not call.answered:
            await call.answer(early=run.early)
        if asking.done():
            return
        await call.start_music(run.services.prompts.music("default"))
        await asyncio.wait((asking,))
        await call.stop_music()

    def _way_of(self, failed: Failed) -> str:
        if failed.cause is not Cause.STATUS:
            return self.causes.get(failed.cause, self.failed)
        by_status = self.causes.get(str(failed.status))
        if by_status is None and failed.status in _GONE:
            by_status = self.not_found
        return by_status or self.failed


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tell(run: Run, service: str, outcome: Outcome, lasted_ms: int) -> None:
    services = run.services
    services.sink.emit(
        LookupDone(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=run.data.contact,
            service=service,
            outcome="found" if isinstance(outcome, Found) else str(outcome.cause),
            status=outcome.status if isinstance(outcome, Failed) else 0,
            lasted_ms=lasted_ms,
        )
    )
