"""A contact's SIP messages in words: one line each, in its leg's column; callers' numbers are masked."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo

from svar.ladders import CallLadder, Message, Way

MOST_RUNGS = 500
MOST_COLUMNS = 6
LONGEST = 400
"""Characters of one line, whatever stands in a message."""
ARROWS: dict[Way, str] = {"in": "──►", "out": "◄──"}
"""From the peer to svar, and back."""
_NUMBER = re.compile(r"(?<=[: <\"])\+?[0-9]{5,}(?=@|[>;\" ]|$)")
_USER = re.compile(r"(?<=sip:)[^@ ]+(?=@)|(?<=sips:)[^@ ]+(?=@)|(?<=tel:)[^ ;]+")
_RTPMAP = re.compile(r"^a=rtpmap:\d+ ([^/\r]+)", re.MULTILINE)
_MEDIA = re.compile(r"^m=audio (\d+) (\S+) ([\d ]+)", re.MULTILINE)
_PLAIN = {"0": "PCMU", "8": "PCMA", "101": "telephone-event"}


@dataclass(frozen=True, slots=True)
class Rung:
    """`leg` counts from 1, in the order in which legs began; `at_ms` since the epoch."""

    at_ms: int
    leg: int
    way: Way
    what: str


@dataclass(frozen=True, slots=True)
class LegSeen:
    """Who is at the other end: `whom` is the name dialled, empty for who called us."""

    leg: int
    peer: str
    whom: str


def legs(ladders: Sequence[CallLadder]) -> list[LegSeen]:
    """The other ends, one of each call."""
    seen = []
    for leg, ladder in enumerate(ladders, 1):
        first = ladder.messages[0]
        whom = ""
        if first.way == "out":
            uri = first.data[:400].decode("utf-8", "replace").split(" ")[1]
            whom = masked(uri).removeprefix("sip:").removeprefix("sips:").partition("@")[0]
        seen.append(LegSeen(leg, f"{first.peer.host}:{first.peer.port}", whom))
    return seen


def rungs(ladders: Sequence[CallLadder]) -> list[Rung]:
    """All messages of all legs in the order of time; one that was sent again says so."""
    told: list[Rung] = []
    for leg, ladder in enumerate(ladders, 1):
        before: set[bytes] = set()
        called_us = ladder.messages[0].way == "in"
        for message in ladder.messages:
            again = " (again)" if message.data in before else ""
            before.add(message.data)
            what = summary(message, to_caller=called_us and message.way == "out")
            told.append(Rung(message.at_ms, leg, message.way, what[:LONGEST] + again))
    return sorted(told, key=lambda rung: rung.at_ms)


def summary(message: Message, *, to_caller: bool = False) -> str:
    """What it is, and what of sound it speaks of. `to_caller`: a request's address is somebody's own, and not told."""
    head, _, body = message.data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *fields = head.split("\r\n")
    named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
    start, _, rest = first.partition(" ")
    method = named.get("cseq", "").rpartition(" ")[2]
    what = f"{rest} ({method})" if start == "SIP/2.0" else f"{start} {rest.removesuffix(' SIP/2.0')}"
    if to_caller:
        what = _USER.sub("***", what)
    told = [masked(what)]
    if "reason" in named:
        told.append(f"[{masked(named['reason'])}]")
    if body.startswith("v=0"):
        told.append(sound(body))
    return " ".join(told)


def sound(sdp: str) -> str:
    """A session description in a few words: where it is heard, over what, in which codecs, held or not (RFC 8866)."""
    media = _MEDIA.search(sdp)
    if media is None:
        return "+SDP"
    port, profile, formats = media.groups()
    host = re.search(r"^c=IN IP[46] (\S+)", sdp, re.MULTILINE)
    codecs = _RTPMAP.findall(sdp) or [_PLAIN.get(one, one) for one in formats.split()]
    held = next((f" {way}" for way in ("sendonly", "recvonly", "inactive") if f"a={way}" in sdp), "")
    secret = " SRTP" if "SAVP" in profile else ""
    return f"+SDP {host[1] if host else '?'}:{port} {'/'.join(dict.fromkeys(codecs))}{secret}{held}"


def masked(text: str) -> str:
    """Long runs of digits, which are somebody's number, become `***`; short ones are services."""
    return _NUMBER.sub("***", text)


def as_json(node: str, ladders: Sequence[CallLadder]) -> str:
    """For whoever asks from elsewhere; `read` reads it."""
    told = {
        "node": node,
        "legs": [asdict(leg) for leg in legs(ladders)],
        "rungs": [asdict(rung) for rung in rungs(ladders)[:MOST_RUNGS]],
    }
    return json.dumps(told, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class LadderSeen:
    """What one node has of a contact."""

    node: str
    legs: tuple[LegSeen, ...]
    rungs: tuple[Rung, ...]


def read(text: str) -> LadderSeen:
    """What `as_json` wrote. Raises ValueError, KeyError, TypeError."""
    told = json.loads(text)
    ends, steps = (LegSeen(**leg) for leg in told["legs"]), (Rung(**rung) for rung in told["rungs"])
    return LadderSeen(told["node"], tuple(ends), tuple(steps))


def text_lines(seen: LadderSeen, zone: tzinfo) -> Iterator[str]:
    """For a terminal: the legs, then the ladder, each leg in a column of its own."""
    yield f"SIP at node {seen.node}:"
    for leg in seen.legs:
        yield f"  leg {leg.leg}: {leg.peer}" + (f", {leg.whom}" if leg.whom else ", who called")
    for rung in seen.rungs:
        at = datetime.fromtimestamp(rung.at_ms / 1000, zone)
        since_s = (rung.at_ms - seen.rungs[0].at_ms) / 1000
        place = "    " * (min(rung.leg, MOST_COLUMNS) - 1)
        yield f"{at:%H:%M:%S}  {since_s:8.3f} s  {place}{rung.leg} {ARROWS[rung.way]} {rung.what}"
