"""Where requests go whose URI names a host: the core asks, and goes on when it is told (RFC 3263). And which addresses
are better left alone for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from sip.config import Address
from sip.deadlines import Deadline, Deadlines
from sip.dialog import Dialog
from sip.events import Resolve, ResolveId
from sip.message.message import Response
from sip.message.uri import SipUri
from sip.resolution import Ways, literal, needs_question

Told = Callable[[tuple[Address, ...], float], None]
"""Where it is, best first, and `now`; nothing where that was not to be found."""

PATIENCE_S = 5.0
"""How long whoever resolves may take."""
_DEAD_S = 30.0
_LONGEST_REST_S = 60.0
_MOST_ASKED = 512
_MOST_KNOWN = 4096


class Asker(Protocol):
    """The station, as far as look-ups need it."""

    tokens: Callable[[], str]
    deadlines: Deadlines

    @property
    def ways(self) -> Ways: ...

    def emit(self, event: Resolve) -> None: ...


class Known(NamedTuple):
    """How an address came to be known: the host that was asked for, and the trunk that it is."""

    host: str
    trunk: str


class Rests:
    """Who asked to be left alone (503 with Retry-After, at most a minute), and who was not to be reached."""

    __slots__ = ("_busy", "_dead")

    def __init__(self) -> None:
        self._busy: OrderedDict[Address, float] = OrderedDict()
        self._dead: OrderedDict[Address, float] = OrderedDict()

    def dead(self, target: Address, now: float) -> None:
        """It was silent, or its transport failed."""
        _remember(self._dead, target, now + _DEAD_S)

    def answered(self, target: Address, response: Response, now: float) -> None:
        """Whatever it says, it lives."""
        self._dead.pop(target, None)
        if response.status == 503 and response.retry_after:
            _remember(self._busy, target, now + min(response.retry_after, _LONGEST_REST_S))

    def usable(self, targets: Sequence[Address], now: float) -> list[Address]:
        """Those that did not ask for rest, in their order, but those that seem dead last."""
        awake = [one for one in targets if self._busy.get(one, now) <= now]
        return sorted(awake, key=lambda one: self._dead.get(one, now) > now)


def _remember(where: OrderedDict[Address, float], target: Address, until: float) -> None:
    where[target] = until
    where.move_to_end(target)
    if len(where) > _MOST_KNOWN:
        where.popitem(last=False)


class Lookups:
    """`known`: what the addresses that were found belong to, the latest at the end. `rests`: see there."""

    __slots__ = ("_asked", "_followed", "_station", "known", "rests")

    def __init__(self, station: Asker) -> None:
        self._station = station
        self._asked: dict[ResolveId, tuple[SipUri, str, Told, Deadline]] = {}
        self._followed: OrderedDict[ResolveId, Dialog] = OrderedDict()
        self.known: OrderedDict[Address, Known] = OrderedDict()
        self.rests = Rests()

    def ask(self, uri: SipUri, told: Told, now: float, *, trunk: str = "") -> None:
        """Calls `told` once: before this returns where no name has to be resolved, else within PATIENCE_S.

        `trunk`: the addresses that are found are that trunk's.
        """
        if not needs_question(uri):
            told(self._found(uri, trunk, literal(uri, self._station.ways)), now)
        elif len(self._asked) >= _MOST_ASKED:
            told((), now)
        else:
            id_ = ResolveId(self._station.tokens())
            deadline = self._station.deadlines.set(now + PATIENCE_S, self._late, id_)
            self._asked[id_] = (uri, trunk, told, deadline)
            self._station.emit(Resolve(id_, uri))

    def follow(self, dialog: Dialog) -> None:
        """A dialog whose next hop is a name goes where that leads, once it is known; until then where its peer was
        last reached.
        """
        uri = dialog.route[0].uri if dialog.route else dialog.remote_target
        if isinstance(uri, SipUri) and needs_question(uri):
            id_ = ResolveId(self._station.tokens())
            self._followed[id_] = dialog
            if len(self._followed) > _MOST_ASKED:
                self._followed.popitem(last=False)
            self._station.emit(Resolve(id_, uri))

    def resolved(self, id_: ResolveId, targets: Sequence[Address], now: float) -> None:
        """The answer to a Resolve. Nothing when it comes too late."""
        if (asked := self._asked.pop(id_, None)) is not None:
            uri, trunk, told, deadline = asked
            deadline.cancel()
            told(self._found(uri, trunk, targets), now)
        elif (dialog := self._followed.pop(id_, None)) is not None and targets:
            usable = self.rests.usable(targets, now) or targets
            if dialog.destination not in targets:
                dialog.destination = usable[0]

    def _late(self, id_: str, now: float) -> None:
        self.resolved(ResolveId(id_), (), now)

    def _found(self, uri: SipUri, trunk: str, targets: Sequence[Address]) -> tuple[Address, ...]:
        for target in targets:
            self.known[target] = Known(uri.host, trunk)
            self.known.move_to_end(target)
        while len(self.known) > _MOST_KNOWN:
            self.known.popitem(last=False)
        return tuple(targets)
