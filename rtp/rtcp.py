"""RTCP (RFC 3550 §6): sender and receiver reports, CNAME and BYE, as compound packets."""

import struct
from dataclasses import dataclass
from typing import Final

from rtp.packet import MOST_BYTES, Buffer, PacketError

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
BYE: Final = 203

_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!QIII")
_BLOCK = struct.Struct("!IB3sIIII")
_NTP_EPOCH_S = 2_208_988_800
_CNAME = 1


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What was heard from `ssrc` (§6.4.1). `jitter` is in timestamp units, `delay` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sender_report: int = 0
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report when `ntp` is not None, else a receiver report. `ntp` is 64 bits of fixed point."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()
    ntp: int | None = None
    timestamp: int = 0
    packets: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """A packet of a type that is not read further (source description, feedback)."""

    packet_type: int


RtcpPacket = Report | Bye | Other


def is_rtcp(second_byte: int) -> bool:
    """Whether a packet on a port shared with RTP is RTCP: by its second byte (RFC 5761 §4)."""
    return 64 <= second_byte & 0x7F < 96


def ntp_time(epoch_s: float) -> int:
    """Seconds since 1970 as an NTP stamp: 32 bits of seconds since 1900, 32 of fraction."""
    return int((epoch_s + _NTP_EPOCH_S) * 4294967296) & 0xFFFFFFFFFFFFFFFF


def build_report(report: Report, cname: str) -> bytes:
    """A compound packet: the report, then CNAME (§6.1). Raises PacketError if there are more than 31 blocks."""
    if len(report.blocks) > 31:
        raise PacketError(f"{len(report.blocks)} report blocks, at most 31 fit")
    body = struct.pack("!I", report.ssrc)
    if report.ntp is not None:
        body += _SENDER.pack(report.ntp, report.timestamp, report.packets & 0xFFFFFFFF, report.octets & 0xFFFFFFFF)
    body += b"".join(map(_block, report.blocks))
    packet_type = RECEIVER_REPORT if report.ntp is None else SENDER_REPORT
    return _packet(len(report.blocks), packet_type, body) + _description(report.ssrc, cname)


def build_bye(ssrc: int, cname: str) -> bytes:
    """A compound packet that says that `ssrc` is gone (§6.6)."""
    return build_report(Report(ssrc), cname) + _packet(1, BYE, struct.pack("!I", ssrc))


def parse_compound(data: Buffer) -> tuple[RtcpPacket, ...]:
    """Every packet in a compound packet, or in a reduced-size one (RFC 5506). Raises PacketError and nothing else."""
    packets: list[RtcpPacket] = []
    at, size = 0, len(data)
    if size > MOST_BYTES:
        raise PacketError(f"{size} bytes, at most {MOST_BYTES} are read")
    while at < size:
        if at + 4 > size:
            raise PacketError(f"{size - at} bytes are left, an RTCP header has 4")
        first, packet_type, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2:
            raise PacketError(f"RTCP version {first >> 6}, expected 2")
        if end > size:
            raise PacketError(f"an RTCP packet of {end - at} bytes begins at byte {at} of {size}")
        packets.append(_read(first & 0x1F, packet_type, data[at + 4 : end]))
        at = end
    return tuple(packets)


def _read(count: int, packet_type: int, body: Buffer) -> RtcpPacket:
    if packet_type == BYE:
        if 4 * count > len(body):
            raise PacketError(f"BYE of {count} sources in {len(body)} bytes")
        return Bye(struct.unpack_from(f"!{count}I", body))
    if packet_type not in (SENDER_REPORT, RECEIVER_REPORT):
        return Other(packet_type)
    start = 24 if packet_type == SENDER_REPORT else 4
    if start + 24 * count > len(body):
        raise PacketError(f"report of {count} blocks in {len(body)} bytes")
    (ssrc,) = struct.unpack_from("!I", body)
    blocks = tuple(_read_block(body, start + 24 * i) for i in range(count))
    if packet_type == RECEIVER_REPORT:
        return Report(ssrc, blocks)
    ntp, timestamp, packets, octets = _SENDER.unpack_from(body, 4)
    return Report(ssrc, blocks, ntp, timestamp, packets, octets)


def _read_block(body: Buffer, at: int) -> ReportBlock:
    ssrc, fraction, lost, highest, jitter, last, delay = _BLOCK.unpack_from(body, at)
    return ReportBlock(ssrc, fraction, int.from_bytes(lost, "big", signed=True), highest, jitter, last, delay)


def _block(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.lost)).to_bytes(3, "big", signed=True)
    return _BLOCK.pack(
        block.ssrc, block.fraction_lost, lost, block.highest, block.jitter, block.last_sender_report, block.delay
    )


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    body = struct.pack("!IBB", ssrc, _CNAME, len(name)) + name
    return _packet(1, SOURCE_DESCRIPTION, body + bytes(4 - len(body) % 4))


def _packet(count: int, packet_type: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, packet_type, len(body) // 4) + body
