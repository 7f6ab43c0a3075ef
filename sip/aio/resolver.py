"""Asks the DNS what `sip.resolution` wants to know; never for longer than a call can wait, and nobody else waits."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdata
import dns.resolver
import structlog
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from sip.config import Address
from sip.message.uri import SipUri
from sip.resolution import Naptr, Question, Record, Srv, Ways, locate

_log = structlog.get_logger(__name__)

_MOST_KEPT = 2048
_MOST_AT_ONCE = 64
_MOST_WAITING = 512
_LONGEST_KEPT_S = 3600.0
_LONGEST_DENIED_S = 300.0
_STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class NameServers:
    """`addresses`: IP addresses, each with `:port` or not; none means those of the system.

    `system`: the file that names those. `ask_s`: how long one question may take over all servers, `try_s` at one of
    them; `deadline_s`: all questions about one URI; `rest_s`: for how long nothing that was ever known is asked after
    a question that nobody answered.
    """

    addresses: tuple[str, ...] = ()
    system: str = "/etc/resolv.conf"
    ask_s: float = 2.0
    try_s: float = 0.8
    deadline_s: float = 4.0
    rest_s: float = 5.0


@dataclass(slots=True)
class _Kept:
    """`told`: by a server, be it that there is nothing; else nobody answered."""

    records: tuple[Record, ...]
    until: float
    told: bool = True


class Resolver:
    """One of each node. Positive answers are kept for their TTL, denials for that of their SOA, failures for seconds.

    Where no server answers, what was known until an hour ago is believed, at once while the servers rest (RFC 8767).
    """

    def __init__(self, servers: NameServers, ways: Ways) -> None:
        """Raises ValueError for a server that is no address; OSError where the system names none."""
        self.ways = ways
        self._servers = servers
        self._dns = _resolver(servers)
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._asking: dict[Question, asyncio.Task[tuple[Record, ...]]] = {}
        self._at_once = asyncio.Semaphore(_MOST_AT_ONCE)
        self._waiting = 0
        self._rest_until = 0.0

    async def targets(self, uri: SipUri) -> list[Address]:
        """Where to send what is meant for `uri`, best first; empty when that was not to be found in time."""
        if self._waiting >= _MOST_WAITING:
            _log.warning("too many names are being looked up at once", limit=_MOST_WAITING)
            return []
        self._waiting += 1
        try:
            async with asyncio.timeout(self._servers.deadline_s):
                return await self._locate(uri)
        except TimeoutError:
            _log.warning("a name was not resolved in time", host=uri.host, deadline_s=self._servers.deadline_s)
            return []
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Stop asking."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _locate(self, uri: SipUri) -> list[Address]:
        asking = locate(uri, self.ways, random.random)
        try:
            questions = next(asking)
            while True:
                found = await asyncio.gather(*(self._answer(one) for one in questions))
                questions = asking.send(dict(zip(questions, found, strict=True)))
        except StopIteration as stop:
            targets: list[Address] = stop.value
            return targets

    async def _answer(self, question: Question) -> tuple[Record, ...]:
        """What is kept, or what the servers say; who asks the same meanwhile waits for the same answer."""
        kept, now = self._kept.get(question), asyncio.get_running_loop().time()
        if kept is not None and (kept.until > now or (now < self._rest_until and _stands(kept, now))):
            self._kept.move_to_end(question)
            return kept.records
        task = self._asking.get(question)
        if task is None:
            task = self._asking[question] = asyncio.get_running_loop().create_task(self._ask(question))
            task.add_done_callback(lambda _: self._asking.pop(question, None))
        # One caller that gives up must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, question: Question) -> tuple[Record, ...]:
        now = asyncio.get_running_loop().time
        try:
            async with self._at_once:
                answer = await self._dns.resolve(
                    question.name + ".", question.kind, lifetime=self._servers.ask_s, raise_on_no_answer=False
                )
        except dns.resolver.NXDOMAIN as denied:
            responses = denied.responses()  # type: ignore[no-untyped-call]
            ttl_s = min((one.resolve_chaining().minimum_ttl for one in responses.values()), default=0)
            return self._keep(question, (), now() + min(ttl_s, _LONGEST_DENIED_S))
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return self._failed(question, error, now())
        records = tuple(_records(answer.rrset or ()))
        ttl_s = answer.chaining_result.minimum_ttl
        return self._keep(question, records, now() + min(ttl_s, _LONGEST_KEPT_S if records else _LONGEST_DENIED_S))

    def _failed(self, question: Question, error: Exception, now: float) -> tuple[Record, ...]:
        """Nobody knows: what was known before stands for a while, and the servers get a rest."""
        self._rest_until = now + self._servers.rest_s
        kept = self._kept.get(question)
        stands = kept is not None and _stands(kept, now)
        _log.warning(
            "a question to the DNS failed",
            host=question.name,
            kind=question.kind,
            error=type(error).__name__,
            stale=stands,
        )
        if kept is not None and stands:
            return kept.records
        return self._keep(question, (), self._rest_until, told=False)

    def _keep(
        self, question: Question, records: tuple[Record, ...], until: float, *, told: bool = True
    ) -> tuple[Record, ...]:
        self._kept[question] = _Kept(records, until, told)
        self._kept.move_to_end(question)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return records


def _stands(kept: _Kept, now: float) -> bool:
    """Whether what ran out may be believed still."""
    return kept.told and now - kept.until < _STALE_S


def _resolver(servers: NameServers) -> dns.asyncresolver.Resolver:
    if not servers.addresses:
        try:
            resolver = dns.asyncresolver.Resolver(servers.system)
        except dns.resolver.NoResolverConfiguration as error:
            raise OSError(f"{error}; [sip] nameservers names them") from None
    else:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(*server) for server in map(name_server, servers.addresses)
        ]
    resolver.timeout = servers.try_s
    resolver.cache = None
    return resolver


def name_server(text: str) -> tuple[str, int]:
    """`192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`. Raises ValueError."""
    host, port = text, "53"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or "53"
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"nameserver {text!r}: {port!r} is no port")
    return str(ip_address(host)), int(port)


def _records(found: Iterable[dns.rdata.Rdata]) -> Iterable[Record]:
    for one in found:
        match one:
            case A() | AAAA():
                yield one.address
            case SRV():
                yield Srv(one.priority, one.weight, one.port, one.target.to_text())
            case NAPTR():
                replacement = one.replacement.to_text()
                yield Naptr(
                    one.order, one.preference, one.flags.decode("latin-1"), one.service.decode("latin-1"), replacement
                )
            case _:
                pass
