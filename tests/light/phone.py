"""A phone's transactions, written by hand: what is lost is repeated as RFC 3261 asks, and repeats get the answer again.

Thousands of calls share one socket. What tests/short_calls.py does for clean networks, these do for bad ones and at
chosen moments.
"""

import asyncio
import random
import re
from collections.abc import Callable
from functools import partial
from typing import cast

from tests.short_calls import Parsed, Party, Send

T1_S, T2_S, GIVE_UP_S = 0.5, 4.0, 32.0
"""RFC 3261 §17.1.1.1; the last is 64 times T1, after which nobody repeats anything."""
URI = re.compile(r"<([^>]+)>")

Key = tuple[str, str]
"""Call-ID and CSeq: what a transaction is known by here."""


class Repeated:
    """A message, and again at growing intervals until somebody stops it or it is too late: timers A, B, E, F, G, H."""

    def __init__(self, send: Send, text: str, longest_s: float, gone: Callable[[], None]) -> None:
        self._send, self._text, self._longest_s, self._gone = send, text, longest_s, gone
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + GIVE_UP_S
        self._interval_s = T1_S
        self.sent = 0
        self._timer: asyncio.TimerHandle | None = None
        self._once()

    def _once(self) -> None:
        if self._loop.time() >= self._until:
            self._timer = None
            self._gone()
            return
        self._send(self._text)
        self.sent += 1
        next_at = min(self._loop.time() + self._interval_s, self._until)
        self._timer = self._loop.call_at(next_at, self._once)
        self._interval_s = min(2 * self._interval_s, self._longest_s)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Phone(Party):
    """Transactions as phones have them. `contact_port`: where they say that they are, if not where they are."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        super().__init__(target, chance)
        self.contact_port = 0
        self.repeats = 0
        self._asked: dict[Key, tuple[Repeated, Callable[[Parsed | None], None]]] = {}
        self._said: dict[Key, str] = {}
        self._unconfirmed: dict[Key, Repeated] = {}

    async def open(self, port: int = 0) -> None:
        await super().open(port)
        self.contact_port = self.contact_port or self.port

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not data[:1].isalpha():
            return  # somebody's RTP to the port that another test had before us
        self.heard(data, partial(self._send_to, cast("tuple[str, int]", addr)))

    def _send_to(self, addr: tuple[str, int], text: str) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.sendto(text.encode(), addr)

    def heard(self, data: bytes, reply: Send) -> None:
        message = Parsed.of(data)
        key = (message.headers.get("call-id", ""), message.headers.get("cseq", ""))
        if message.start.startswith("SIP/2.0"):
            self._answered(key, message, int(message.start.split()[1]))
        elif message.method == "ACK":
            waiting = self._unconfirmed.pop((key[0], key[1].replace("ACK", "INVITE")), None)
            if waiting is not None:
                self._stopped(waiting)
                self.confirmed(key[0])
        elif key in self._said:
            reply(self._said[key])
        else:
            self.requested(message, reply)

    def _answered(self, key: Key, message: Parsed, status: int) -> None:
        if message.method == "INVITE" and status >= 200:
            self.acknowledge(message, status)
        if key not in self._asked:
            return
        repeated, answered = self._asked[key]
        if status >= 200:
            del self._asked[key]
            self._stopped(repeated)
        elif message.method == "INVITE":
            self._stopped(repeated)
        answered(message)

    def ask(self, send: Send, text: str, answered: Callable[[Parsed | None], None]) -> None:
        """Send a request until it is answered; None: nobody did."""
        message = Parsed.of(text.encode())
        key = (message.headers["call-id"], message.headers["cseq"])

        def gone() -> None:
            self._asked.pop(key, None)
            answered(None)

        longest_s = GIVE_UP_S if message.method == "INVITE" else T2_S
        self._asked[key] = (Repeated(send, text, longest_s, gone), answered)

    def answer(self, message: Parsed, reply: Send, status: str, tag: str, *, extra: str = "", body: str = "") -> None:
        """Say it, and again to every repeat; a final answer to an INVITE until the ACK."""
        key = (message.headers["call-id"], message.headers["cseq"])
        text = self._said[key] = message.answer(status, tag, extra, body)
        if message.method == "INVITE" and status >= "2":
            self._unconfirmed[key] = Repeated(reply, text, T2_S, lambda: self.unconfirmed(key[0]))
        else:
            reply(text)

    def _stopped(self, repeated: Repeated) -> None:
        repeated.stop()
        self.repeats += repeated.sent - 1
        repeated.sent = 1

    def head(self, method: str, uri: str, branch: str, *, local: str, remote: str, call_id: str, cseq: int) -> str:
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.transport_name} 127.0.0.1:{self.port};branch=z9hG4bK{branch};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        )

    @property
    def transport_name(self) -> str:
        return "UDP"

    def acknowledge(self, message: Parsed, status: int) -> None:
        """A final answer to an INVITE of ours."""

    def requested(self, message: Parsed, reply: Send) -> None:
        raise NotImplementedError

    def confirmed(self, call_id: str) -> None:
        """The ACK came."""

    def unconfirmed(self, call_id: str) -> None:
        """It never came."""

    def drop(self, invite: Parsed) -> None:
        """Repeat the answer to that INVITE no more."""
        waiting = self._unconfirmed.pop((invite.headers["call-id"], invite.headers["cseq"]), None)
        if waiting is not None:
            self._stopped(waiting)
