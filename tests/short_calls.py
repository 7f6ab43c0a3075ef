"""Callers who ring for a moment, and agents who talk as briefly: what `make soak` does 200,000 times on one node.

One socket for all callers, one for all agents; each sends no RTP and reads none. A caller hangs up at a random moment,
before the answer (CANCEL) or after it (BYE); some press a key by INFO, some go straight to the distributor.
"""

import asyncio
import random
import re
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE_S = (0.02, 2.5)
"""Between these a caller, and an agent who talks, hangs up."""
KEY_S = (0.1, 1.0)
_REPEAT_S = 0.5
_REPEATS = 7
_HEAD = re.compile(rb"^(via|from|to|contact|call-id|cseq):[ \t]*(.*?)\r?$", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r";tag=([^;>\s]+)")

Send = Callable[[str], None]


@dataclass(slots=True)
class Parsed:
    """A message's first line and its headers; of Via all lines."""

    start: str
    headers: dict[str, str]
    vias: list[str]

    @classmethod
    def of(cls, data: bytes) -> "Parsed":
        head = data.partition(b"\r\n\r\n")[0]
        headers: dict[str, str] = {}
        vias = []
        for name, value in _HEAD.findall(head):
            key = name.decode().lower()
            if key == "via":
                vias.append(value.decode())
            headers.setdefault(key, value.decode())
        return cls(head.partition(b"\r\n")[0].decode(), headers, vias)

    @property
    def method(self) -> str:
        return self.headers["cseq"].split()[1]

    def answer(self, status: str, tag: str = "", extra: str = "", body: str = "") -> str:
        to = self.headers["to"]
        if tag and not _TAG.search(to):
            to += f";tag={tag}"
        vias = "".join(f"Via: {via}\r\n" for via in self.vias)
        return (
            f"SIP/2.0 {status}\r\n{vias}From: {self.headers['from']}\r\nTo: {to}\r\n"
            f"Call-ID: {self.headers['call-id']}\r\nCSeq: {self.headers['cseq']}\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )


class Party(asyncio.DatagramProtocol):
    """One socket; `outcomes` counts how calls went."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        self.target = target
        self.chance = chance
        self.outcomes: Counter[str] = Counter()
        self.port = 0
        self.media_port = 0
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        # Nobody reads what comes in here: the kernel drops it when the buffer is full, without telling the sender.
        self._sink.bind(("127.0.0.1", 0))
        self.media_port = self._sink.getsockname()[1]
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind(("127.0.0.1", port))
        self.port = sock.getsockname()[1]
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()
        self._sink.close()

    def send(self, text: str) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode(), self.target)

    def sdp(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.media_port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        )

    def later(self, delay_s: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay_s, what)

    def error_received(self, exc: Exception) -> None:
        self.outcomes["socket errors"] += 1


@dataclass(slots=True)
class Call:
    """A caller's call. `state` is what the caller does: inviting, up, leaving."""

    call_id: str
    number: str
    to: str
    state: str = "inviting"
    cseq: int = 1
    pending: asyncio.TimerHandle | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    cancel: bool = False


class Callers(Party):
    """`calls`: those that are not over yet, by Call-ID."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        super().__init__(target, chance)
        self.calls: dict[str, Call] = {}
        self.none_left = asyncio.Event()
        self._run = f"{chance.getrandbits(32):08x}"

    def ring(self, n: int, number: str, key: str = "") -> None:
        host = f"{self.target[0]}:{self.target[1]}"
        call = Call(f"{n}-{self._run}", number, f"<sip:{number}@{host}>")
        self.calls[call.call_id] = call
        self.none_left.clear()
        self._repeated(call, self._request(call, "INVITE", body=self.sdp()), final=False)
        call.timers.append(self.later(self.chance.uniform(*PATIENCE_S), lambda: self._leave(call)))
        if key:
            call.timers.append(self.later(self.chance.uniform(*KEY_S), lambda: self._press(call, key)))

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = Parsed.of(data)
        call = self.calls.get(message.headers.get("call-id", ""))
        if not message.start.startswith("SIP/2.0"):
            if message.method != "ACK":
                self.send(message.answer("200 OK" if call is not None or message.method == "BYE" else "481 Gone"))
            if message.method == "BYE" and call is not None:
                self._over(call, "ended by svar")
            return
        status = int(message.start.split()[1])
        if message.method == "INVITE":
            self._invite_answered(call, message, status)
        elif message.method == "BYE" and call is not None and status >= 200:
            self._over(call, "hung up" if status == 200 else f"BYE got {status}")

    def _invite_answered(self, call: Call | None, message: Parsed, status: int) -> None:
        if status >= 200:
            self._ack(message, status)
        if call is None or call.state not in ("inviting", "cancelling"):
            return
        if call.pending is not None:
            call.pending.cancel()
        if status < 200:
            if call.cancel:
                call.cancel = False
                self._cancel(call)
        elif status >= 300:
            self._over(call, "cancelled" if status == 487 else f"refused with {status}")
        else:
            call.to = message.headers["to"]
            left = call.state == "cancelling" or call.cancel
            call.state = "up"
            if left:
                self._leave(call)

    def _leave(self, call: Call) -> None:
        """BYE where it was answered; CANCEL where it was not, once a provisional response allows it (RFC 3261 §9.1)."""
        if call.state == "up":
            call.state = "leaving"
            call.cseq += 1
            self._repeated(call, self._request(call, "BYE"), final=True)
        elif call.state == "inviting":
            call.cancel = True
            if call.pending is None or call.pending.cancelled():
                call.cancel = False
                self._cancel(call)

    def _cancel(self, call: Call) -> None:
        call.state = "cancelling"
        self._repeated(call, self._request(call, "CANCEL"), final=True)

    def _press(self, call: Call, key: str) -> None:
        if call.state == "up":
            call.cseq += 1
            relay = f"Signal={key}\r\nDuration=160\r\n"
            self.send(self._request(call, "INFO", body=relay, kind="application/dtmf-relay"))
            self.outcomes["keys pressed"] += 1

    def _request(self, call: Call, method: str, body: str = "", kind: str = "application/sdp") -> str:
        branch = f"z9hG4bK{call.call_id}-{1 if method == 'CANCEL' else call.cseq}"
        content = f"Content-Type: {kind}\r\n" if body else ""
        return (
            f"{method} sip:{call.number}@{self.target[0]}:{self.target[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:caller@127.0.0.1>;tag={call.call_id}\r\nTo: {call.to}\r\n"
            f"Call-ID: {call.call_id}\r\nCSeq: {call.cseq} {method}\r\nContact: <sip:caller@127.0.0.1:{self.port}>\r\n"
            f"{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _ack(self, message: Parsed, status: int) -> None:
        branch = message.vias[0].partition("branch=")[2].partition(";")[0] + ("" if status >= 300 else "a")
        number = message.headers["cseq"].split()[0]
        self.send(
            f"ACK sip:{self.target[0]}:{self.target[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch};rport\r\nMax-Forwards: 70\r\n"
            f"From: {message.headers['from']}\r\nTo: {message.headers['to']}\r\n"
            f"Call-ID: {message.headers['call-id']}\r\nCSeq: {number} ACK\r\nContent-Length: 0\r\n\r\n"
        )

    def _repeated(self, call: Call, text: str, *, final: bool) -> None:
        """Send, and again until something stops it: an answer, or the end of the call."""
        tries = 0

        def once() -> None:
            nonlocal tries
            tries += 1
            if tries > _REPEATS:
                self._over(call, f"no answer to {text.partition(' ')[0]}")
                return
            if tries > 1:
                self.outcomes["repeats"] += 1
            self.send(text)
            call.pending = self.later(_REPEAT_S * 2 ** (tries - 1), once)

        if call.pending is not None:
            call.pending.cancel()
        once()

    def _over(self, call: Call, how: str) -> None:
        for timer in (call.pending, *call.timers):
            if timer is not None:
                timer.cancel()
        if self.calls.pop(call.call_id, None) is not None:
            self.outcomes[how] += 1
        if not self.calls:
            self.none_left.set()


class Agents(Party):
    """They ring, answer 50 ms later, and half of them hang up before their callers do."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        super().__init__(target, chance)
        self._calls: dict[str, Parsed] = {}

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = Parsed.of(data)
        if message.start.startswith("SIP/2.0"):
            return
        call_id = message.headers.get("call-id", "")
        tag = f"a{call_id}"
        if message.method == "INVITE" and call_id not in self._calls:
            self._calls[call_id] = message
            self.send(message.answer("180 Ringing", tag))
            self.later(0.05, lambda: self._take(call_id, message))
        elif message.method == "CANCEL":
            self.send(message.answer("200 OK", tag))
            invite = self._calls.pop(call_id, None)
            if invite is not None:
                self.outcomes["caller left while it rang"] += 1
                self.send(invite.answer("487 Request Terminated", tag))
        elif message.method in ("BYE", "INFO", "OPTIONS"):
            self.send(message.answer("200 OK", tag))
            if message.method == "BYE" and self._calls.pop(call_id, None) is not None:
                self.outcomes["caller hung up"] += 1

    def _take(self, call_id: str, invite: Parsed) -> None:
        if call_id not in self._calls:
            return
        self.outcomes["answered"] += 1
        contact = f"Contact: <sip:agent@127.0.0.1:{self.port}>\r\nContent-Type: application/sdp\r\n"
        self.send(invite.answer("200 OK", f"a{call_id}", contact, self.sdp()))
        if self.chance.random() < 0.5:
            self.later(self.chance.uniform(*PATIENCE_S), lambda: self._hang_up(call_id, invite))

    def _hang_up(self, call_id: str, invite: Parsed) -> None:
        if self._calls.pop(call_id, None) is None:
            return
        self.outcomes["agent hung up"] += 1
        self.send(
            f"BYE sip:{self.target[0]}:{self.target[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bKbye{call_id};rport\r\nMax-Forwards: 70\r\n"
            f"From: {invite.headers['to']};tag=a{call_id}\r\nTo: {invite.headers['from']}\r\nCall-ID: {call_id}\r\n"
            "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
        )


async def ring_all(
    callers: Callers, calls: int, rate: float, ways: tuple[tuple[str, str], ...], noted: Callable[[int], None]
) -> None:
    """`calls` calls at `rate` a second, each to a number and with a key drawn of `ways`; `noted` hears of every 1,000.

    Ends when all are over. Raises TimeoutError when some are not a minute after the last one began.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for n in range(calls):
        ahead = begun + n / rate - loop.time()
        if ahead > 0.002:
            await asyncio.sleep(ahead)
        elif n % 20 == 0:
            await asyncio.sleep(0)
        callers.ring(n, *callers.chance.choice(ways))
        if n % 1000 == 999:
            noted(n + 1)
    await asyncio.wait_for(callers.none_left.wait(), 60)
