"""Where a SIP URI leads: the questions to ask the DNS, and its answers put in order (RFC 3263 §4, RFC 2782, RFC 3403).

`locate` is a generator: it yields questions, is sent their answers, and returns the targets, best first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import accumulate
from typing import Literal, NamedTuple

from sip.config import Address, Transport, default_port
from sip.message.uri import SipUri

Kind = Literal["NAPTR", "SRV", "A", "AAAA"]
MOST_TARGETS = 8
"""How many addresses one request may be tried at."""
_MOST_RECORDS = 16
"""How many records of one answer are looked at: each may cost two more questions."""

_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,62})\.?"
)
_SERVICES: dict[str, Transport] = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
_PREFIXES: dict[Transport, str] = {"UDP": "_sip._udp.", "TCP": "_sip._tcp.", "TLS": "_sips._tcp."}


class Question(NamedTuple):
    """`name` in lower case without a final dot."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Naptr:
    """RFC 3403 §4.1; the regular expression is not used by SIP (RFC 3263 §4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782."""

    priority: int
    weight: int
    port: int
    target: str


Record = Naptr | Srv | str
"""A string is the address of an A or AAAA record."""

Answers = Mapping[Question, tuple[Record, ...]]
Asking = Generator[tuple[Question, ...], Answers, list[Address]]


@dataclass(frozen=True, slots=True)
class Ways:
    """How we can reach others. `transports` in the order that we prefer; `families`: 4 and 6, the preferred first.

    `loopback`: whether an answer of the DNS may mean this machine.
    """

    transports: tuple[Transport, ...] = ("UDP",)
    families: tuple[int, ...] = (4,)
    loopback: bool = False


class _Place(NamedTuple):
    """A host that still needs its addresses."""

    host: str
    port: int
    transport: Transport


def locate(uri: SipUri, ways: Ways, chance: Callable[[], float]) -> Asking:
    """The targets of `uri`, at most MOST_TARGETS; none where it cannot be reached by any of `ways`.

    `chance` draws from 0 up to 1. A question that was not answered counts as answered by nothing.
    """
    if not needs_question(uri):
        return literal(uri, ways)
    host = uri.param("maddr") or uri.host
    wanted = _wanted(uri, ways)
    if not wanted:
        return []
    if not is_name(host):
        return []
    host = host.rstrip(".").lower()
    if uri.port is not None:
        return (yield from _addresses([_Place(host, uri.port, wanted[0])], ways))
    places = yield from _services(host, wanted, chance, ask_naptr=uri.param("transport") is None)
    if places is None:
        places = [_Place(host, default_port(wanted[0]), wanted[0])]
    return (yield from _addresses(places, ways))


def needs_question(uri: SipUri) -> bool:
    """Whether the host is a name."""
    return address_of(uri.param("maddr") or uri.host) is None


def literal(uri: SipUri, ways: Ways) -> list[Address]:
    """The target of a URI whose host is an address, if we can reach it."""
    address = address_of(uri.param("maddr") or uri.host)
    wanted = _wanted(uri, ways)
    if address is None or address.version not in ways.families or not wanted:
        return []
    return [Address(str(address), uri.port or default_port(wanted[0]), wanted[0])]


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` is, None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_name(host: str) -> bool:
    """Whether `host` may be asked for: its last label begins with a letter, so that it can't be half an address."""
    return _NAME.fullmatch(host) is not None


def _wanted(uri: SipUri, ways: Ways) -> list[Transport]:
    """Transports that the URI leaves us, the default first (RFC 3263 §4.1). A sips: URI never leaves TLS."""
    asked = (uri.param("transport") or "").upper()
    secure = uri.scheme == "sips"
    if secure or asked == "TLS":
        fits: list[Transport] = ["TLS"] if asked in ("", "TCP", "TLS") else []
    elif asked:
        fits = [one for one in _PREFIXES if one == asked]
    else:
        settled = uri.port is not None or not needs_question(uri)
        fits = ["UDP"] if settled else [*ways.transports]
    return [one for one in fits if one in ways.transports]


def _services(
    host: str, wanted: list[Transport], chance: Callable[[], float], *, ask_naptr: bool
) -> Generator[tuple[Question, ...], Answers, list[_Place] | None]:
    """What NAPTR and SRV say; None where there are no records, an empty list where they say: not here."""
    asked: list[tuple[Question, Transport]] = []
    if ask_naptr:
        question = Question(host, "NAPTR")
        asked = _chosen((yield (question,)).get(question, ()), wanted)
    asked = asked or [(Question(_PREFIXES[one] + host, "SRV"), one) for one in wanted]
    answers = yield tuple(question for question, _ in asked)
    services = [([one for one in answers.get(question, ()) if isinstance(one, Srv)], way) for question, way in asked]
    if not any(records for records, _ in services):
        return None
    return [
        _Place(one.target.rstrip(".").lower(), one.port, way)
        for records, way in services
        for one in in_order(records[:_MOST_RECORDS], chance)
        if is_name(one.target)  # "." says that the service is not offered
    ]


def _chosen(records: Iterable[Record], wanted: list[Transport]) -> list[tuple[Question, Transport]]:
    """The SRV records that NAPTR leads to, by order and preference (RFC 3263 §4.1)."""
    usable = [
        one
        for one in records
        if isinstance(one, Naptr)
        and one.flags.lower() == "s"
        and _SERVICES.get(one.service.upper()) in wanted
        and is_name(one.replacement)
    ]
    usable.sort(key=lambda one: (one.order, one.preference))
    return [
        (Question(one.replacement.rstrip(".").lower(), "SRV"), _SERVICES[one.service.upper()])
        for one in usable[:_MOST_RECORDS]
    ]


def in_order(services: list[Srv], chance: Callable[[], float]) -> list[Srv]:
    """By priority; within one, each next is drawn by weight, and those of weight 0 have a small chance (RFC 2782)."""
    ordered: list[Srv] = []
    for priority in sorted({one.priority for one in services}):
        left = sorted((one for one in services if one.priority == priority), key=lambda one: one.weight)
        while left:
            mark = int(chance() * (sum(one.weight for one in left) + 1))
            running = accumulate(one.weight for one in left)
            one = next(one for one, reached in zip(left, running, strict=True) if reached >= mark)
            ordered.append(one)
            left.remove(one)
    return ordered


def _addresses(places: list[_Place], ways: Ways) -> Asking:
    """The addresses of each place, of the families that we speak."""
    kinds: list[Kind] = ["A" if family == 4 else "AAAA" for family in ways.families]
    hosts = dict.fromkeys(place.host for place in places[:MOST_TARGETS])
    answers = yield tuple(Question(host, kind) for host in hosts for kind in kinds)
    targets: dict[Address, None] = {}
    for place in places[:MOST_TARGETS]:
        for kind in kinds:
            for record in answers.get(Question(place.host, kind), ())[:_MOST_RECORDS]:
                if isinstance(record, str) and _credible(record, kind, ways):
                    targets[Address(record, place.port, place.transport)] = None
    return list(targets)[:MOST_TARGETS]


def _credible(text: str, kind: Kind, ways: Ways) -> bool:
    """No answer may lead a call to many, to nobody, or from outside to this machine itself."""
    address = address_of(text)
    if address is None or address.version != (4 if kind == "A" else 6):
        return False
    if address.is_loopback:
        return ways.loopback
    return not (address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved)
