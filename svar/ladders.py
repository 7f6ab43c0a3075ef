"""The SIP messages of each contact of this node, kept for a while in memory, for those who look into its story.

Bounded by bytes and by calls: the oldest calls go first, and of those that belong to no contact (strangers', refused
ones) only a little is kept, so that a flood of them takes nobody's away. What was sent stays as it was sent: masking is
the reader's (`svar.ladder_lines`), and nothing of it is ever written to a disk.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sip.config import Address

MOST_BYTES = 16 * 1024 * 1024
MOST_CALLS = 5_000
"""Whatever small messages they have: a call takes more than these."""
MOST_MESSAGES = 100
MOST_SIZE = 256 * 1024
MOST_UNKNOWN = 200
MOST_UNKNOWN_MESSAGES, MOST_UNKNOWN_SIZE = 10, 8 * 1024
LONGEST_ID = 256

Way = Literal["in", "out"]
_CALL_ID = re.compile(rb"(?im)^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]+)")
_CONTACT = re.compile(rb"(?m)^X-Svar-Contact: ([!-~]+)")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came or went; `at_ms` since the epoch."""

    at_ms: int
    way: Way
    peer: Address
    data: bytes


@dataclass(slots=True)
class CallLadder:
    """One dialog's messages, the first ones of them if there are very many."""

    call_id: str
    contact: str = ""
    messages: list[Message] = field(default_factory=list)
    size: int = 0


class Ladders:
    """`message` is `UserAgent.ladder`; `wall_ms` is the time since the epoch."""

    def __init__(self, wall_ms: Callable[[], int], most_bytes: int = MOST_BYTES) -> None:
        self._wall_ms = wall_ms
        self._most_bytes = most_bytes
        self._known: OrderedDict[str, CallLadder] = OrderedDict()
        self._unknown: OrderedDict[str, CallLadder] = OrderedDict()
        self._by_contact: dict[str, list[CallLadder]] = {}
        self._bytes = 0

    def message(self, way: Way, peer: Address, data: bytes, _now: float) -> None:
        """A message came in or goes out. Only what belongs to a call is kept: an INVITE begins one."""
        call_id = _call_id(data)
        ladder = self._known.get(call_id) or self._unknown.get(call_id)
        if ladder is None:
            if not data.startswith(b"INVITE ") or not call_id:
                return
            ladder = self._unknown[call_id] = CallLadder(call_id)
            if len(self._unknown) > MOST_UNKNOWN:
                self._drop(self._unknown.popitem(last=False)[1])
        messages, size = (MOST_MESSAGES, MOST_SIZE) if ladder.contact else (MOST_UNKNOWN_MESSAGES, MOST_UNKNOWN_SIZE)
        if not ladder.messages:
            data = data[:MOST_UNKNOWN_SIZE]  # it says whose leg this is
        if len(ladder.messages) >= messages or ladder.size + len(data) > size:
            return
        ladder.messages.append(Message(self._wall_ms(), way, peer, data))
        ladder.size += len(data)
        self._bytes += len(data)
        if not ladder.contact and way == "out" and (found := _CONTACT.search(data)) is not None:
            self.belongs(call_id, found[1].decode())
        while self._bytes > self._most_bytes:
            self._drop((self._known or self._unknown).popitem(last=False)[1])

    def belongs(self, call_id: str, contact: str) -> None:
        """From now on this call's messages are that contact's."""
        ladder = self._unknown.pop(call_id, None) if contact else None
        if ladder is not None:
            ladder.contact = contact
            self._known[call_id] = ladder
            if len(self._known) > MOST_CALLS:
                self._drop(self._known.popitem(last=False)[1])
            self._by_contact.setdefault(contact, []).append(ladder)

    def of(self, contact: str) -> list[CallLadder]:
        """The calls of a contact that are still kept, in the order in which they began."""
        return list(self._by_contact.get(contact, ()))

    def figures(self) -> dict[str, int]:
        """A health source for Prometheus."""
        return {"calls": len(self._known), "bytes": self._bytes}

    def _drop(self, ladder: CallLadder) -> None:
        self._bytes -= ladder.size
        calls = self._by_contact.get(ladder.contact)
        if calls is not None:
            calls.remove(ladder)
            if not calls:
                del self._by_contact[ladder.contact]


def _call_id(data: bytes) -> str:
    """Empty where there is none, or one of an unreasonable length."""
    at = data.find(b"\nCall-ID: ")
    if at >= 0:
        value = data[at + 10 : data.find(b"\r", at)]
    else:
        found = _CALL_ID.search(data)
        value = found[1] if found is not None else b""
    return value.strip().decode("utf-8", "replace") if len(value) <= LONGEST_ID else ""
