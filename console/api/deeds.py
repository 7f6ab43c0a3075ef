"""What may be done to an agent from outside: one table, for HTTP and MQTT."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from acd.distributor import DistributorError
from acd.model import AgentId, AgentSpec, SiteId
from acd.staff import Staffed
from console.api import views
from console.api.desk import Desk
from console.api.problems import Problem, of
from console.tokens import Role, Token
from events.catalogue import DeedDone
from ivr.language.topics import UnknownTopic

log = structlog.get_logger(__name__)

ITSELF = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
"""Agents may do it, to themselves."""
OTHERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
ALONE = frozenset({Role.ADMIN})
_NAME = re.compile(views.NAME)


@dataclass(frozen=True, slots=True)
class Deed:
    """`body` is what has to be said, `answer` what comes back (None: nothing)."""

    name: str
    summary: str
    roles: frozenset[Role]
    body: type[Any]
    do: Callable[[Desk, AgentId, Any], Awaitable[Any]]
    answer: type[Any] | None = None


async def _log_in(desk: Desk, agent: AgentId, body: views.LogIn) -> None:
    await _needs_phone(desk, agent)
    await desk.distribution.log_in(agent, ready=body.ready)


async def _log_out(desk: Desk, agent: AgentId, body: views.LogOut) -> None:
    _of_people(body.reason)
    await desk.distribution.log_out(agent, body.reason)


async def _ready(desk: Desk, agent: AgentId, _: views.Nothing) -> None:
    await _needs_phone(desk, agent)
    await desk.distribution.ready(agent)


async def _not_ready(desk: Desk, agent: AgentId, body: views.NotReady) -> None:
    _of_people(body.reason)
    await desk.distribution.not_ready(agent, body.reason)


async def _end_wrap_up(desk: Desk, agent: AgentId, body: views.EndWrapUp) -> None:
    if body.topic:
        queue = (await staffed(desk, agent)).queue
        try:
            desk.seen.topics().checked(queue, body.topic)
        except UnknownTopic as unknown:
            raise Problem("unknown_topic", str(unknown)) from None
    await desk.distribution.end_wrap_up(agent, body.topic, concluded=body.concluded)


async def _skills(desk: Desk, agent: AgentId, body: views.Skills) -> None:
    spec = (await staffed(desk, agent)).spec
    await desk.distribution.put_agent(replace(spec, skills=body.skills))


async def _put(desk: Desk, agent: AgentId, body: views.NewAgent) -> views.Added:
    if not re.fullmatch(views.NEW_NAME, agent):
        raise Problem("malformed", "a new agent's name has up to 64 letters, digits and '.', '_', '@', '-'")
    spec = AgentSpec(
        agent, SiteId(body.site), body.skills, body.rest_s, body.groups, body.rests, log_out_after=body.log_out_after
    )
    await desk.distribution.put_agent(spec)
    return views.Added(agent, await desk.phones.enrol(agent))


async def _drop(desk: Desk, agent: AgentId, _: views.Nothing) -> None:
    await desk.distribution.drop_agent(agent)


DEEDS: dict[str, Deed] = {
    deed.name: deed
    for deed in (
        Deed("log_in", "Log an agent in, whose phone is there", ITSELF, views.LogIn, _log_in),
        Deed("log_out", "Log an agent out; a talk goes on to its end", ITSELF, views.LogOut, _log_out),
        Deed("ready", "Ready for contacts; ends a wrap-up", ITSELF, views.Nothing, _ready),
        Deed("not_ready", "No contacts, for a reason; remembered while talking", ITSELF, views.NotReady, _not_ready),
        Deed("end_wrap_up", "Done with the contact: its topic and outcome", ITSELF, views.EndWrapUp, _end_wrap_up),
        Deed("skills", "Give an agent other skills, at once", OTHERS, views.Skills, _skills),
        Deed("put_agent", "Add an agent, or stand above the configured one", ALONE, views.NewAgent, _put, views.Added),
        Deed("drop_agent", "Take back what put_agent did", ALONE, views.Nothing, _drop),
    )
}


async def perform(desk: Desk, token: Token, way: str, deed: Deed, target: str, body: Any) -> Any:
    """Do it, or raise Problem; in both cases it is told as an event. `way`: rest or mqtt."""
    outcome = "fault"
    try:
        allow(token, deed.roles, target)
        answer = await deed.do(desk, AgentId(target), body)
        outcome = "done"
        return answer
    except Problem as problem:
        outcome = problem.code
        raise
    except DistributorError as error:
        refused = of(error)
        outcome = refused.code
        raise refused from error
    finally:
        tell(desk, token, way, deed.name, target, outcome)


def tell(desk: Desk, token: Token, way: str, deed: str, target: str, outcome: str) -> None:
    """The event of a deed that was asked for."""
    at = desk.teller
    shown = target if _NAME.fullmatch(target) and target.isprintable() else "?"
    at.emit(
        DeedDone(
            at_ms=at.now_ms(), tenant=at.tenant, node=at.node, author=token.name, by=str(token.role), way=way,
            deed=deed, target=shown, outcome=outcome,
        )
    )  # fmt: skip
    log.info("a deed through the api", author=token.name, way=way, deed=deed, target=shown, outcome=outcome)


def allow(token: Token, roles: frozenset[Role], target: str = "") -> None:
    """Raises Problem where the token's role is none of `roles`, or an agent means somebody else."""
    if token.role not in roles:
        needed = ", ".join(sorted(roles - {Role.AGENT}) or sorted(roles))
        raise Problem("not_allowed", f"role {token.role} may not do this; it takes one of {needed}")
    if token.role is Role.AGENT and target and target != token.agent:
        raise Problem("not_allowed", f"this token is {token.agent}'s, and is good for {token.agent} alone")
    if target and not _NAME.fullmatch(target):
        raise Problem("no_agent", "an agent's name has up to 64 characters, and no space, '/' or '#'")


async def staffed(desk: Desk, agent: str) -> Staffed:
    """Raises Problem where there is no such agent."""
    found = await desk.seen.staff.one(agent)
    if found is None:
        raise Problem("no_agent", f"there is no agent {agent!r}")
    return found


def _of_people(reason: str) -> None:
    if reason in views.OURS:
        raise Problem("malformed", f"/reason: {reason} is what svar itself says of an agent; choose another word")


async def _needs_phone(desk: Desk, agent: AgentId) -> None:
    """Whose phone is gone would only be offered what nobody hears."""
    await staffed(desk, agent)
    why = await desk.phones.silent(agent)
    if why:
        raise Problem("no_phone", why)
