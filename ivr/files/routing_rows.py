"""The rows of routing: a queue with its tiers, a site, an agent or a range of them, a partner."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from acd.model import (
    EVERYBODY,
    AgentId,
    AgentSpec,
    PartnerSpec,
    QueueId,
    QueueSpec,
    Serving,
    SiteId,
    SiteSpec,
    Tier,
)
from ivr.language.lengths import Seconds, SecondsOrNone
from ivr.language.problems import did_you_mean
from ivr.language.routing import RoutedAgent, RoutedPartner, RoutedQueue, RoutedSite
from ivr.language.schema import Destination, Name, Part

MOST_AGENTS = 20_000
"""Agents of a folder, those of ranges one by one."""
_PLACES = ("own", "neighbours", "all")
_AGENT = re.compile(r"(?=.{1,60}\Z)[A-Za-z0-9._-]*(\{n\}[A-Za-z0-9._-]*)?\Z")
_GOAL = re.compile(r"([1-9][0-9]?|100)/([1-9][0-9]{0,3})\Z")


@dataclass(frozen=True, slots=True)
class Goal:
    """So many of a hundred callers answered within so many seconds."""

    percent: int
    within_s: int

    def __str__(self) -> str:
        return f"{self.percent}/{self.within_s}"


def _goal(given: object) -> Goal:
    match = _GOAL.match(given) if isinstance(given, str) else None
    if match is None:
        raise PydanticCustomError("goal", "a target is written 70/45: 70 % of the callers answered within 45 seconds")
    return Goal(int(match[1]), int(match[2]))


def _sites(given: object) -> str | tuple[str, ...]:
    if isinstance(given, list) and given and all(isinstance(site, str) for site in given):
        return tuple(given)
    if isinstance(given, str) and given in _PLACES:
        return given
    context = {"hint": did_you_mean(str(given), _PLACES)}
    raise PydanticCustomError("sites", "sites are own, neighbours, all, or a list such as [oslo, bodo]{hint}", context)


def _agent_name(given: object) -> str:
    if not isinstance(given, str) or not given or not _AGENT.match(given):
        message = "an agent's name is letters a-z, digits, '.', '_' and '-', with {n} for the number in a range"
        raise PydanticCustomError("agent", message.replace("{n}", "{slot}"), {"slot": "{n}"})
    return given


Level = Annotated[int, Field(ge=1, le=9)]
Levels = dict[Name, Level]
GoalText = Annotated[
    Goal,
    PlainValidator(_goal),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,3}/[0-9]{1,4}$"}),
]
Sites = Annotated[
    str | tuple[str, ...],
    PlainValidator(_sites),
    WithJsonSchema({"oneOf": [{"enum": list(_PLACES)}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
AgentNames = Annotated[str, PlainValidator(_agent_name), WithJsonSchema({"type": "string"})]
Cause = Literal["no_answer", "busy", "rejected", "unreachable"]
Title = Annotated[str, Field(max_length=200)]


class TierRow(Part):
    """Who may serve callers of the queue, and from when on: `{sites: neighbours, after: 45s}`.

    Without a condition it is open from the start; with several it opens once any of them holds, and stays open for
    that caller. Open tiers add up.
    """

    sites: Sites = Field(
        default="all",
        description="Where the agents are: at the caller's `own` site, there and at its `neighbours`, at `all` sites, "
        "or at those in a list.",
    )
    groups: list[Name] = Field(default_factory=list, max_length=50, description="Agents of one of these groups alone.")
    skill: Name = Field(default="", description="A skill in place of the queue's own: so generalists come in.")
    level: Level | None = Field(default=None, description="A least level in place of the queue's own.")
    partner: Destination = Field(default="", description="A partner, in place of agents.")
    after_s: Seconds | None = Field(default=None, alias="after", description="Once the caller has waited so long.")
    estimate_s: Seconds | None = Field(
        default=None, alias="estimate", description="Once somebody new would wait so long, by the estimate."
    )
    waiting: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Once so many wait in the queue.")
    nobody: Literal["logged_in", "at_work"] | None = Field(
        default=None,
        description="Once in the tiers before it nobody is `logged_in`, or `at_work`: all are away or on a break.",
    )
    site_lost: bool = Field(default=False, description="Once the caller's own site is lost.")
    closing_s: Seconds | None = Field(
        default=None, alias="closing", description="So long before the service closes for the caller."
    )

    @model_validator(mode="after")
    def _stands_alone(self) -> Self:
        if self.partner and (self.groups or self.skill or self.level or "sites" in self.model_fields_set):
            raise PydanticCustomError("tier", "a tier has a partner or agents: give the partner a tier of its own")
        return self

    def made(self) -> Tier:
        return Tier(
            sites=self.sites,
            groups=tuple(self.groups),
            skill=self.skill,
            level=self.level or 0,
            partner=self.partner,
            after_s=self.after_s or 0,
            estimate_s=self.estimate_s or 0,
            waiting=self.waiting or 0,
            nobody=self.nobody or "",
            site_lost=self.site_lost,
            closing_s=self.closing_s or 0,
        )


class NamedQueue(Part):
    """A queue, and by what its callers and agents are chosen."""

    name: Name = Field(description="Its name in flows, metrics and records.")
    title: Title = Field(default="", description="Its name for people.")
    skill: Name = Field(default="", description="The skill that serves it. Without it: the queue's name.")
    level: Level = Field(default=1, description="Least level of that skill, 1 to 9.")
    requires: Levels = Field(
        default_factory=dict, max_length=20, description="Skills needed besides, with least levels: {sami: 1}."
    )
    wishes: Levels = Field(default_factory=dict, max_length=20, description="Skills that are preferred, with levels.")
    choose: Literal["idle", "level"] = Field(
        default="idle", description="Of agents who are ready: the longest `idle`, or the highest fitting `level`."
    )
    fairness: Literal["wait", "target"] = Field(
        default="wait",
        description="Between queues that want the same agent: the longest `wait`, or the wait against the `target`.",
    )
    rostered: bool = Field(default=False, description="Served only by those on duty, by a roster.")


class QueueRow(NamedQueue):
    """A queue: what its callers need, what is aimed at, and who serves them when.

    ```yaml
    queues:
      - name: family
        title: Familie
        level: 3
        target: 70/45
        tiers:
          - {sites: own}
          - {sites: neighbours, after: 45s}
          - {sites: all, after: 2m}
          - {skill: generalist, after: 4m}
    ```
    """

    target: GoalText | None = Field(
        default=None, description="What is aimed at, 70/45: of 100 callers 70 answered within 45 s. Without it: 45 s."
    )
    short_s: SecondsOrNone = Field(
        default=10, alias="short", description="Who hangs up before did not really wait, in the measures."
    )
    priority_s: SecondsOrNone = Field(default=0, alias="priority", description="Head start of its callers.")
    offer_s: Seconds = Field(default=20, alias="offer", description="How long an agent's phone rings.")
    wrap_up_s: SecondsOrNone = Field(default=0, alias="wrap_up", description="Longest wrap-up after a talk.")
    max_waiting: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=10_000, description="Callers who may wait; the next one leaves the queue node by `full`."
    )
    tiers: list[TierRow] = Field(
        default_factory=list, max_length=20, description="Who serves, in order. Without them everybody with the skill."
    )

    def made(self) -> RoutedQueue:
        spec = QueueSpec(
            queue=QueueId(self.name),
            skill=self.skill,
            level=self.level,
            priority_s=self.priority_s,
            offer_s=self.offer_s,
            wrap_up_s=self.wrap_up_s,
            target_s=self.target.within_s if self.target else 45,
            short_s=self.short_s,
            max_waiting=self.max_waiting,
            tiers=tuple(tier.made() for tier in self.tiers) or EVERYBODY,
            serving=Serving(dict(self.requires), dict(self.wishes), self.choose, self.fairness),
            rostered=self.rostered,
        )
        return RoutedQueue(spec, self.title, self.target.percent if self.target else 0)


class SiteRow(Part):
    """A contact centre, and the sites that help its callers: `{name: bodo, neighbours: [tromso]}`.

    A neighbour helps this site; whether this one helps the neighbour too, the neighbour's own row says.
    """

    name: Name = Field(description="Its name.")
    title: Title = Field(default="", description="Its name for people.")
    neighbours: list[Name] = Field(default_factory=list, max_length=100, description="Sites that help its callers.")

    def made(self) -> RoutedSite:
        neighbours = tuple(SiteId(site) for site in self.neighbours)
        return RoutedSite(SiteSpec(SiteId(self.name), neighbours), self.title)


class AgentRow(Part):
    """An agent, or a range of them.

    ```yaml
    agents:
      - {name: "oslo-{n}", count: 60, site: oslo, skills: {family: 5, work_health: 3}, groups: [generalists]}
    ```
    """

    name: AgentNames = Field(description="The user that the phone registers as; in a range {n} is the number.")
    title: Title = Field(default="", description="The name for people; {n} as in the name.")
    site: Name = Field(description="The contact centre.")
    skills: Levels = Field(min_length=1, max_length=100, description="Skills with levels, 1 to 9: {family: 5}.")
    count: Annotated[int, Field(ge=1, le=MOST_AGENTS)] = Field(default=1, description="How many: oslo-1, oslo-2 ...")
    first: Annotated[int, Field(ge=0, le=1_000_000)] = Field(default=1, description="The number of the first.")
    groups: list[Name] = Field(default_factory=list, max_length=50, description="Groups, which tiers may name.")
    rest_s: SecondsOrNone = Field(
        default=0,
        alias="rest",
        description="After a missed offer ready again by itself after so long; `0s`: by the agent's own word.",
    )
    rests: dict[Cause, Seconds] = Field(
        default_factory=dict,
        description="The same by cause: no_answer, busy, rejected, unreachable, as in {busy: 30s}.",
    )
    log_out_after: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="Logged out after so many missed offers in a row; 0: never."
    )

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if self.count > 1 and "{n}" not in self.name:
            message = "so many agents need {slot} in the name, as in 'oslo-{slot}'"
            raise PydanticCustomError("agent", message, {"slot": "{n}"})
        return self

    def names(self) -> Iterator[str]:
        return (self.name.replace("{n}", str(n)) for n in range(self.first, self.first + self.count))

    def made(self) -> Iterator[RoutedAgent]:
        for n in range(self.first, self.first + self.count):
            spec = AgentSpec(
                agent=AgentId(self.name.replace("{n}", str(n))),
                site=SiteId(self.site),
                skills=self.skills,
                rest_s=self.rest_s,
                groups=tuple(self.groups),
                rests={str(cause): rest_s for cause, rest_s in self.rests.items()},
                log_out_after=self.log_out_after,
            )
            yield RoutedAgent(spec, self.title.replace("{n}", str(n)))


class PartnerRow(Part):
    """A site outside, rung over the `[[destination]]` of the same name in the configuration.

    The caller stays in our queue until the partner's person answers: `{name: tax, capacity: 20, hours: tax}`.
    """

    name: Destination = Field(description="Its name, and that of the destination by which it is rung.")
    title: Title = Field(default="", description="Its name for people.")
    capacity: Annotated[int, Field(ge=1, le=1000)] = Field(default=1, description="How many of our callers at once.")
    hours: Name = Field(default="", description="A calendar of this folder: when it answers. Without it: always.")
    rings_s: Seconds = Field(default=60, alias="rings", description="How long it rings, before the caller waits on.")
    rest_s: SecondsOrNone = Field(default=60, alias="rest", description="Not rung so long after it did not answer.")

    def made(self) -> RoutedPartner:
        return RoutedPartner(PartnerSpec(self.name, self.capacity, self.rings_s, self.rest_s), self.title, self.hours)
