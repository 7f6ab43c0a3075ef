"""What agents may do in a talk, by the configuration: their keys, short numbers, and whom callers may be given to."""

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from ivr.language.prompting import Prompts
from ivr.language.routing import Routing
from ivr.over_sip.agent_leg import SipPhones
from ivr.over_sip.line import Line
from ivr.over_sip.outside import Outside
from ivr.over_sip.table import Chair, SipTables
from ivr.running.directory import Directory, short_numbers
from ivr.running.keypad import ORDERS
from ivr.running.talk_said import LANGUAGE, PRESS_ONE, SAID
from ivr.running.talks import Talks
from sip.events import SessionId
from svar.config import Config

SPOKEN = (*SAID.values(), PRESS_ONE)
_ANSWERS = ("call", "key")
_MOST_KEYS = 6


def mistakes(config: Config) -> Iterator[str]:
    """What is wrong with [talk], and with how destinations answer."""
    codes = {name: code for name, code in config.talk.codes.items() if code}
    for name, code in codes.items():
        if name not in ORDERS:
            yield f"[talk] codes: {name!r} is nothing that is done in a talk; expected {', '.join(sorted(ORDERS))}"
        if not (code[:1] == "*" and code[1:].isdecimal() and len(code) <= _MOST_KEYS):
            yield f"[talk] codes: {name} = {code!r}: expected * and one to five digits"
        for other, longer in codes.items():
            if other != name and longer.startswith(code):
                yield f"[talk] codes: {other} = {longer!r} begins with {name} = {code!r}, and would never be heard"
    try:
        short_numbers(config.talk.numbers)
    except ValueError as error:
        yield f"[talk] numbers: {error}"
    for digits, reason in config.talk.reasons.items():
        if not digits.isdecimal() or not reason:
            yield f"[talk] reasons: {digits!r} = {reason!r}: expected digits and a reason"
    for place in config.destination:
        if place.answer not in _ANSWERS:
            yield f"destination {place.name!r}: answer = {place.answer!r}: expected call or key"


class Known(Protocol):
    """The routing in service (`svar.routing_in_service.RoutingInService`)."""

    @property
    def given(self) -> Routing: ...

    @property
    def views(self) -> "Staffed": ...


class Staffed(Protocol):
    @property
    def staff(self) -> Collection[str]: ...

    @property
    def titles(self) -> Collection[str]: ...


def talks(config: Config, line: Line, phones: SipPhones, outside: Outside, routing: Known, prompts: Prompts) -> Talks:
    """Whoever may be dialled stands in the configuration or the routing in service; nobody else is."""
    phones.partners = outside.ring
    asks = {place.name for place in config.destination if place.answer == "key"}
    outside.confirm(line, asks, lambda: prompts.clips(PRESS_ONE, LANGUAGE))
    names = {place.name for place in config.destination}
    directory = Directory(
        agents=lambda: routing.views.staff,
        queues=lambda: routing.views.titles,
        destinations=lambda: names,
        partners=lambda: routing.given.partners,
        numbers=short_numbers(config.talk.numbers),
    )
    codes = {code: name for name, code in config.talk.codes.items() if code}
    return Talks(SipTables(line, hosts(config, line)), outside, directory, codes)


def chairs(talks: Talks) -> Callable[[SessionId, str], Chair | None]:
    """Finds whose call a session is, by the agent. Raises TypeError for talks that are not over SIP."""
    if not isinstance(talks.tables, SipTables):
        raise TypeError(f"talks over SIP are not at {type(talks.tables).__name__}")
    return talks.tables.chair


def hosts(config: Config, line: Line) -> Callable[[str], bool]:
    """Whether a host that a phone names is ours: a domain, or an address that we listen at or are reached by."""
    named = {host.lower() for host in (*config.sip.domains, config.sip.host, config.sip.host6, config.sip.advertised)}
    named.discard("")

    def ours(host: str) -> bool:
        host = host.lower()
        return host in named or any(host == address.host for address in line.user_agent.addresses)

    return ours
