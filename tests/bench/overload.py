"""More calls than svar can take: `python -m tests.bench.overload [--factors 2 5 10] [--workers 0]`.

Searches the highest rate at which every call succeeds, then offers multiples of it, while callers on hold listen for
gaps in their music. A call is a prompt of the menu, hung up by the caller after 2.2 s, as long as that of the IVR
measurement.
"""

import argparse
import heapq
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from tests.bench.run import _cpu_s, _first, before_others, svar

HERE = Path(__file__).parent
TALK_S = 2.2
REPEAT_S = (0.5, 1.0, 2.0)
"""When an INVITE is repeated that nobody answered; after the last a call has failed."""
LISTENERS = 50
LISTENER_PORTS = 18_200
SINKS = 8

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
HEAD = (
    "{method} sip:{number}@127.0.0.1:{peer} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{ours};branch=z9hG4bK{run}x{call}x{step}\r\n"
    "From: <sip:c@127.0.0.1:{ours}>;tag={run}x{call}\r\nTo: <sip:{number}@127.0.0.1:{peer}>{tag}\r\n"
    "Call-ID: {run}x{call}\r\nCSeq: {cseq} {method}\r\nContact: <sip:c@127.0.0.1:{ours}>\r\nMax-Forwards: 70\r\n"
)


@dataclass(slots=True)
class Tally:
    """What became of the calls that were offered. Delays in seconds, from the first INVITE on."""

    offered: int = 0
    done: int = 0
    refused: int = 0
    without_retry_after: int = 0
    failed: int = 0
    answer_s: list[float] = field(default_factory=list)
    refusal_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Call:
    began: float
    invite: bytes
    state: str = "inviting"
    tag: str = ""
    tries: int = 0


class Callers:
    """Many callers on one socket, each written by hand: a tenth of the cost of a SIPp."""

    def __init__(self, peer: int, run: str, sinks: list[int], number: str = "600") -> None:
        self._peer = peer
        self._number = number
        self._run = run
        self._sinks = sinks
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.settimeout(0.0)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._sock.setsockopt(socket.SOL_SOCKET, option, 8 * 1024 * 1024)
        self._calls: dict[str, Call] = {}
        self._due: list[tuple[float, str]] = []
        self._count = 0
        self.worst_late_s = 0.0
        self.tally = Tally()

    def offer(self, rate: float, seconds: float) -> Tally:
        """New calls at `rate` a second, and the end of every call awaited."""
        began = time.monotonic()
        wanted = int(rate * seconds)
        while True:
            now = time.monotonic()
            while self.tally.offered < wanted and began + self.tally.offered / rate <= now:
                self.worst_late_s = max(self.worst_late_s, now - began - self.tally.offered / rate)
                self._invite(now)
            if self.tally.offered == wanted and not self._calls:
                return self.tally
            if now > began + seconds + 20:
                self.tally.failed += len(self._calls)
                return self.tally
            next_at = began + self.tally.offered / rate if self.tally.offered < wanted else now + 0.05
            ready, _, _ = select.select([self._sock], [], [], max(0.0, min(0.05, next_at - now)))
            if ready:
                self._read()
            self._tend(time.monotonic())

    def hold(self, count: int) -> int:
        """So many calls that nobody ends. Gives how many were answered within 5 s."""
        for _ in range(count):
            self._invite(time.monotonic())
            time.sleep(0.02)
        until = time.monotonic() + 5
        while time.monotonic() < until and len(self.tally.answer_s) < count:
            select.select([self._sock], [], [], 0.1)
            self._read()
        return len(self.tally.answer_s)

    def _send(self, data: bytes) -> None:
        try:
            self._sock.sendto(data, ("127.0.0.1", self._peer))
        except BlockingIOError:
            pass

    def _message(self, method: str, call: str, step: str, tag: str, cseq: int, body: str = "") -> bytes:
        ours = self._sock.getsockname()[1]
        head = HEAD.format(
            method=method,
            number=self._number,
            peer=self._peer,
            ours=ours,
            run=self._run,
            call=call,
            step=step,
            tag=tag,
            cseq=cseq,
        )
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    def _invite(self, now: float) -> None:
        self._count += 1
        self.tally.offered += 1
        name = str(self._count)
        body = SDP.format(port=self._sinks[self._count % len(self._sinks)])
        call = self._calls[name] = Call(now, self._message("INVITE", name, "i", "", 1, body))
        self._send(call.invite)
        self._wake(name, now + REPEAT_S[0])

    def _wake(self, name: str, at: float) -> None:
        heapq.heappush(self._due, (at, name))

    def _tend(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            name = heapq.heappop(self._due)[1]
            call = self._calls.get(name)
            if call is None:
                continue
            if call.state == "talking":
                call.state = "ending"
                call.tries = 0
            elif call.tries >= len(REPEAT_S) - 1:
                self.tally.failed += 1
                del self._calls[name]
                continue
            else:
                call.tries += 1
            data = call.invite if call.state == "inviting" else self._message("BYE", name, "b", call.tag, 2)
            self._send(data)
            self._wake(name, now + REPEAT_S[call.tries])

    def _read(self) -> None:
        for _ in range(200):
            try:
                data = self._sock.recv(65536)
            except BlockingIOError:
                return
            if data.startswith(b"SIP/2.0 "):
                self._answered(data, time.monotonic())
            elif data.startswith(b"BYE "):
                self._hung_up(data)

    def _answered(self, data: bytes, now: float) -> None:
        text = data.decode("latin-1")
        name = text.split("Call-ID: ", 1)[1].split("\r\n", 1)[0].rpartition("x")[2]
        call = self._calls.get(name)
        status = int(text[8:11])
        if status < 200:
            return
        tag = ";tag=" + text.split("\r\nTo: ", 1)[1].split("\r\n", 1)[0].partition(";tag=")[2]
        if "CSeq: 2 BYE" in text:
            if call is not None:
                self.tally.done += 1
                del self._calls[name]
            return
        self._send(self._message("ACK", name, "a" if status < 300 else "i", tag, 1))
        if call is None or call.state != "inviting":
            return
        if status < 300:
            call.state, call.tag = "talking", tag
            self.tally.answer_s.append(now - call.began)
            self._wake(name, now + TALK_S)
            return
        del self._calls[name]
        self.tally.refusal_s.append(now - call.began)
        self.tally.refused += status == 503
        self.tally.failed += status != 503
        self.tally.without_retry_after += "\r\nRetry-After: " not in text

    def _hung_up(self, data: bytes) -> None:
        """The flow ended it first, at the end of its prompt: done all the same."""
        keep = [b"Via", b"From", b"To", b"Call-ID", b"CSeq"]
        lines = [line for line in data.split(b"\r\n") if line.split(b":")[0] in keep]
        self._send(b"\r\n".join([b"SIP/2.0 200 OK", *lines, b"Content-Length: 0", b"", b""]))
        name = data.split(b"Call-ID: ", 1)[1].split(b"\r\n", 1)[0].decode().rpartition("x")[2]
        if self._calls.pop(name, None) is not None:
            self.tally.done += 1


def p99(values: list[float]) -> float:
    """In milliseconds."""
    if len(values) < 2:
        return round(1000 * max(values, default=0.0), 1)
    return round(1000 * quantiles(values, n=100)[98], 1)


class Listeners:
    """Callers on hold for the whole run; `hear` measures the gaps in their music by the kernel's receive stamps."""

    def __init__(self, port: int, load_cores: str) -> None:
        self._exe = Path(tempfile.gettempdir()) / f"rtpbox-{os.getpid()}"
        subprocess.check_call(["cc", "-O2", "-o", str(self._exe), str(HERE / "rtpbox.c")])
        self._load_cores = load_cores
        sinks = [LISTENER_PORTS + 2 * number for number in range(LISTENERS)]
        self._callers = Callers(port, f"h{os.getpid()}", sinks, number="700")
        answered = self._callers.hold(LISTENERS)
        if answered < LISTENERS:
            raise SystemExit(f"{answered} of {LISTENERS} listeners were put on hold")

    @contextmanager
    def hear(self, into: dict[str, object]) -> Iterator[None]:
        count = ["--base", str(LISTENER_PORTS), "--count", str(LISTENERS), "--dur", "600", "--poll"]
        command = [*_first(), "taskset", "-c", self._load_cores, str(self._exe), *count]
        box = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert box.stderr is not None
        box.stderr.readline()
        try:
            yield
        finally:
            box.send_signal(signal.SIGTERM)
            out, _ = box.communicate(timeout=10)
            into.update(json.loads(out.strip().splitlines()[-1]))


def cpu_share(pids: list[int], before: float, began: float) -> float:
    return round(100 * (sum(map(_cpu_s, pids)) - before) / (time.monotonic() - began), 1)


def phase(
    name: str, rate: float, seconds: float, port: int, sinks: list[int], pids: list[int], live: Listeners
) -> dict[str, object]:
    """One line of the result."""
    media: dict[str, object] = {}
    before, began = sum(map(_cpu_s, pids)), time.monotonic()
    with live.hear(media):
        callers = Callers(port, f"{name}{os.getpid()}", sinks)
        tally = callers.offer(rate, seconds)
        share = cpu_share(pids, before, began)
    row: dict[str, object] = {
        "phase": name,
        "offered_per_s": rate,
        "done_per_s": round(tally.done / seconds, 1),
        "refused": tally.refused,
        "failed": tally.failed,
        "without_retry_after": tally.without_retry_after,
        "answer_p99_ms": p99(tally.answer_s),
        "refusal_p99_ms": p99(tally.refusal_s),
        "cpu_pct": share,
        "late_sends_ms": round(1000 * callers.worst_late_s, 1),
        "media": media,
    }
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", default="0", help="those of svar")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--load-cores", default="2,3")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--factors", type=float, nargs="*", default=[2, 5, 10])
    parser.add_argument("--rates", type=float, nargs="*", default=[150, 200, 250, 300, 350, 400, 450, 500])
    args = parser.parse_args()
    before_others()
    os.sched_setaffinity(0, {int(core) for core in args.load_cores.split(",")})
    held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SINKS)]
    for sock in held:
        sock.bind(("127.0.0.1", 0))
    sinks = [sock.getsockname()[1] for sock in held]
    most = 0.0
    with svar(args.cores, args.workers) as (port, named):
        pids = list(named.values())
        live = Listeners(port, args.load_cores)
        for rate in args.rates:
            row = phase(f"search{rate:.0f}", rate, args.seconds, port, sinks, pids, live)
            if row["done_per_s"] != rate:
                break
            most = rate
    with svar(args.cores, args.workers, calls_per_s=int(most)) as (port, named):
        pids = list(named.values())
        live = Listeners(port, args.load_cores)
        for factor in args.factors:
            row = phase(f"x{factor:g}", factor * most, args.seconds, port, sinks, pids, live)
            print(f"goodput at {factor:g} x {most:g}: {100 * float(str(row['done_per_s'])) / most:.1f} %", flush=True)
            time.sleep(10)
            phase(f"after{factor:g}", 0.8 * most, args.seconds, port, sinks, pids, live)


if __name__ == "__main__":
    main()
