"""A phone's media end made of a plain socket, for tests: it hears, talks and presses keys when told to."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from rtp.dtmf import EVENT
from rtp.g711 import FRAME_BYTES, U_TO_A
from rtp.packet import RtpPacket, parse
from rtp.rtcp import Report, RtcpPacket, is_rtcp, parse_compound

DEADLINE_S = 5.0


async def until(condition: Callable[[], bool], what: str, *, deadline_s: float = DEADLINE_S) -> None:
    """Wait for `condition`, and fail naming `what` when it does not come."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while not condition():
        assert loop.time() < end, f"in {deadline_s} s there was no {what}"
        await asyncio.sleep(0.002)


@dataclass
class Phone:
    """`payload_type` 8 speaks A-law, 0 µ-law. Everything that arrives is kept in `packets`."""

    payload_type: int = 8
    event_type: int = 101
    ssrc: int = 0x1234
    sequence: int = 100
    timestamp: int = 16_000
    engine: tuple[str, int] = ("127.0.0.1", 0)
    packets: list[RtpPacket] = field(default_factory=list)
    address: str = "127.0.0.1"
    sock: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    attributes: str = ""
    """More lines of its description, each with its end."""
    profile: str = "RTP/AVP"
    mux: bool = False
    """Whether RTCP goes over the same port."""
    reports: list[tuple[RtcpPacket, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rtcp = socket.socket(self.sock.family, socket.SOCK_DGRAM)
        for sock in (self.sock, self.rtcp):
            sock.setblocking(False)  # noqa: FBT003
            sock.bind((self.address, 0))

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    def sdp(self, *, direction: str = "sendrecv", version: int = 1, port: int | None = None) -> str:
        name = "PCMA" if self.payload_type == 8 else "PCMU"
        mux = "a=rtcp-mux\r\n" if self.mux else ""
        where = f"IN {'IP6' if ':' in self.address else 'IP4'} {self.address}"
        return (
            f"v=0\r\no=phone 7 {version} {where}\r\ns=-\r\nc={where}\r\nt=0 0\r\n"
            f"m=audio {port or self.port} {self.profile} {self.payload_type} {self.event_type}\r\n"
            f"a=rtpmap:{self.payload_type} {name}/8000\r\na=rtpmap:{self.event_type} telephone-event/8000\r\n"
            f"a=fmtp:{self.event_type} 0-15\r\na=rtcp:{self.rtcp.getsockname()[1]}\r\n"
            f"{mux}{self.attributes}a={direction}\r\n"
        )

    def described(self, sdp: str) -> None:
        """The engine's description says where it listens."""
        line = next(line for line in sdp.splitlines() if line.startswith("m=audio "))
        self.engine = (self.address, int(line.split(" ")[1]))

    def send(self, payload: bytes, payload_type: int, *, marker: bool = False, timestamp: int | None = None) -> None:
        stamp = self.timestamp if timestamp is None else timestamp
        packet = RtpPacket(payload_type, self.sequence & 0xFFFF, stamp, self.ssrc, payload, marker)
        self.sock.sendto(self.sealed(packet.to_bytes()), self.engine)
        self.sequence += 1

    def talk(self, payload: bytes = bytes(FRAME_BYTES), count: int = 1) -> None:
        """Send `count` packets of voice at once."""
        for _ in range(count):
            self.send(payload, self.payload_type)
            self.timestamp += FRAME_BYTES

    def press(self, digit: str, *, repeats: int = 3) -> None:
        """A key as RFC 4733 wants it: updates, then the end three times, all with one timestamp."""
        code = "0123456789*#ABCD".index(digit)
        for i in range(1, 5):
            self.send(EVENT.pack(code, 10, 160 * i), self.event_type, marker=i == 1, timestamp=self.timestamp)
        for _ in range(repeats):
            self.send(EVENT.pack(code, 138, 800), self.event_type, timestamp=self.timestamp)
        self.timestamp += 1600

    def hear(self) -> list[RtpPacket]:
        """Take in whatever has arrived."""
        while True:
            try:
                data = self.sock.recv(2048)
            except BlockingIOError:
                return self.packets
            except ConnectionRefusedError:
                continue
            if is_rtcp(data[1]):
                self.reports.append(parse_compound(self.opened_report(data)))
            else:
                self.packets.append(parse(self.opened(data)))

    # What a phone that speaks SRTP does otherwise (`tests.rtp.srtp_phone`)

    def sealed(self, packet: bytes) -> bytes:
        return packet

    def opened(self, packet: bytes) -> bytes:
        return packet

    def sealed_report(self, packet: bytes) -> bytes:
        return packet

    def opened_report(self, packet: bytes) -> bytes:
        return packet

    def report(self, *packets: bytes) -> None:
        """Send a compound packet of RTCP to where the engine wants it."""
        host, port = self.engine
        (self.sock if self.mux else self.rtcp).sendto(
            self.sealed_report(b"".join(packets)), (host, port + (not self.mux))
        )

    def told(self) -> list[Report]:
        """The reports that have arrived."""
        self.hear()
        while not self.mux:
            try:
                self.reports.append(parse_compound(self.opened_report(self.rtcp.recv(2048))))
            except BlockingIOError:
                break
        return [packet for packets in self.reports for packet in packets if isinstance(packet, Report)]

    async def hears(self, count: int, *, deadline_s: float = DEADLINE_S) -> list[RtpPacket]:
        """Wait until `count` packets have come in all."""
        await until(lambda: len(self.hear()) >= count, f"packet {count} at the phone", deadline_s=deadline_s)
        return self.packets

    @property
    def voice(self) -> list[RtpPacket]:
        return [packet for packet in self.hear() if packet.payload_type == self.payload_type]

    @property
    def events(self) -> list[RtpPacket]:
        return [packet for packet in self.hear() if packet.payload_type == self.event_type]

    @property
    def heard(self) -> bytes:
        """The voice that arrived, as raw A-law."""
        sound = b"".join(packet.payload for packet in self.voice)
        return sound if self.payload_type == 8 else sound.translate(U_TO_A)

    def hang_up(self) -> None:
        self.sock.close()
        self.rtcp.close()

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
