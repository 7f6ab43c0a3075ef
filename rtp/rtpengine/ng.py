"""Commands of rtpengine's ng protocol and what comes back, as values (its manual, "The NG Control Protocol").

A datagram is a cookie, a space, and a bencoded dictionary; a repeated cookie gets the first answer again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rtp.dtmf import DIGITS
from rtp.rtpengine.bencode import BencodeError, Encodable, Value, decode, encode
from sdp.description import Media, SessionDescription, parse
from sdp.errors import SdpError

Command = Mapping[str, Encodable]
Reply = Mapping[str, Value]

CODECS: Final = ("PCMA", "PCMU")
FLAGS: Final = ("port-latching", "strict-source")
"""Without the first a leg gets another port with each new far end, and its phone hears from where it never sent to.
The second drops what comes from elsewhere than the phone was first heard from."""
ENDLESS: Final = 1_000_000_000
LONGEST_COOKIE: Final = 64


class NgError(ValueError):
    """rtpengine said no, or something that cannot be understood. `reason` is its own word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key as rtpengine logs it, after it was let go (`--dtmf-log-dest`)."""

    call: str
    tag: str
    digit: str
    duration_ms: int


def ping() -> Command:
    return {"command": "ping"}


def offer(call: str, source: str, sdp: str, to: str = "") -> Command:
    """`source` describes itself by `sdp`, either to `to`, or to somebody who gets a tag with the answer."""
    command: dict[str, Encodable] = {
        "command": "offer",
        "call-id": call,
        "from-tag": source,
        "sdp": sdp,
        "flags": FLAGS,
        "codec": {"transcode": CODECS},
    }
    return {**command, "to-tag": to} if to else command


def answer(call: str, source: str, to: str, sdp: str) -> Command:
    """`to` answers by `sdp` what `source` offered."""
    return {
        "command": "answer",
        "call-id": call,
        "from-tag": source,
        "to-tag": to,
        "sdp": sdp,
        "flags": FLAGS,
    }


def delete(call: str, tag: str = "") -> Command:
    """The whole call, or one party of it with those who are joined with it alone."""
    command: dict[str, Encodable] = {"command": "delete", "call-id": call, "delete-delay": 0}
    return {**command, "from-tag": tag} if tag else command


def query(call: str) -> Command:
    return {"command": "query", "call-id": call}


def play(call: str, tag: str, file: str, *, loop: bool = False) -> Command:
    """`tag` hears a file of rtpengine's own disk."""
    command: dict[str, Encodable] = {"command": "play media", "call-id": call, "from-tag": tag, "file": file}
    return {**command, "repeat-times": ENDLESS} if loop else command


def stop(call: str, tag: str) -> Command:
    return {"command": "stop media", "call-id": call, "from-tag": tag}


def block(call: str, tag: str) -> Command:
    """What `tag` says reaches nobody."""
    return {"command": "block media", "call-id": call, "from-tag": tag}


def unblock(call: str, tag: str) -> Command:
    return {"command": "unblock media", "call-id": call, "from-tag": tag}


def subscribe(call: str, tag: str) -> Command:
    """Ask for a copy of what `tag` says; the reply has an SDP that `subscribed` answers, under the tag it gives."""
    return {"command": "subscribe request", "call-id": call, "from-tag": tag}


def subscribed(call: str, subscription: str, sdp: str) -> Command:
    return {"command": "subscribe answer", "call-id": call, "to-tag": subscription, "sdp": sdp}


def unsubscribe(call: str, subscription: str) -> Command:
    return {"command": "unsubscribe", "call-id": call, "to-tag": subscription}


def datagram(cookie: str, command: Command) -> bytes:
    return cookie.encode() + b" " + encode(command)


def reply(data: bytes) -> tuple[str, Reply]:
    """The cookie and what rtpengine says to it. Raises NgError if it is none."""
    cookie, _, body = data.partition(b" ")
    if not 0 < len(cookie) <= LONGEST_COOKIE:
        raise NgError("a reply without a cookie")
    try:
        value = decode(body)
    except BencodeError as error:
        raise NgError(f"a reply that is not bencoded: {error}") from error
    if not isinstance(value, dict):
        raise NgError("a reply that is no dictionary")
    return cookie.decode("latin-1"), value


def result(said: Reply) -> Reply:
    """The reply, if it is a good one. Raises NgError with rtpengine's reason."""
    outcome = text(said, "result")
    if outcome in ("ok", "pong"):
        return said
    raise NgError(text(said, "error-reason") or text(said, "message") or outcome or "no result")


def text(said: Reply, key: str) -> str:
    """A string of the reply, empty when it is not there."""
    value = said.get(key)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def place(said: Reply) -> tuple[str, int]:
    """The address and port that the reply's SDP names. Raises NgError."""
    described, media = _described(said)
    address = described.address_of(media)
    if not address or not media.port:
        raise NgError("a session description without a port in the reply")
    return address, media.port


def offered(said: Reply) -> dict[int, str]:
    """The codecs of the reply's SDP by their numbers. Raises NgError."""
    return {number: found.name for number, found in _described(said)[1].rtp_maps().items()}


def _described(said: Reply) -> tuple[SessionDescription, Media]:
    try:
        described = parse(text(said, "sdp"))
        return described, described.media[0]
    except (SdpError, IndexError) as error:
        raise NgError(f"no session description in the reply: {error}") from error


def received(said: Reply) -> dict[str, int]:
    """How many RTP packets came from each tag, by a reply to `query`."""
    tags = said.get("tags")
    return {tag: _packets(party) for tag, party in tags.items()} if isinstance(tags, dict) else {}


def _packets(party: Value) -> int:
    """Of the first stream of each medium, which is RTP's."""
    medias = party.get("medias") if isinstance(party, dict) else None
    count = 0
    for media in medias if isinstance(medias, list) else ():
        streams = media.get("streams") if isinstance(media, dict) else None
        first = streams[0] if isinstance(streams, list) and streams else None
        stats = first.get("stats") if isinstance(first, dict) else None
        packets = stats.get("packets") if isinstance(stats, dict) else None
        count += packets if isinstance(packets, int) else 0
    return count


def key_press(data: bytes) -> KeyPress | None:
    """A datagram of the log of keys; None for what is none."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("type") != "DTMF":
        return None
    call, tag, event, duration = (said.get(key) for key in ("callid", "source_tag", "event", "duration"))
    if not (isinstance(call, str) and isinstance(tag, str) and isinstance(event, int) and isinstance(duration, int)):
        return None
    return KeyPress(call, tag, DIGITS[event], duration) if 0 <= event < len(DIGITS) else None
