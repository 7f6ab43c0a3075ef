"""One call by pyVoIP, in a process of its own: it shares no code with what it rings.

pyVoIP (GPL-3, an extra) is imported here alone.

`python -m svar.probe.caller` reads a JSON object from its input (`host, port, user, password, own, number, press,
after_s, listen_s, answer_s, own_port, rtp_port, heard, then_heard`), keeps what it hears in the two files (8-bit
unsigned samples, 8,000 Hz), and tells one JSON object: `{"state": "refused" | "unanswered" |
"ended" | "heard", "answer_s": seconds}`.
"""

import contextlib
import hashlib
import json
import random
import struct
import sys
import time
from typing import Any

from pyVoIP.VoIP import CallState, PhoneStatus, VoIPCall, VoIPPhone

REGISTER_S = 10.0
FRAME, FRAME_S = 160, 0.02
EVENT_TYPE = 101
EVENT_STEPS, EVENT_ENDS, VOLUME = 5, 3, 10
SILENCE = b"\x80"


def main() -> None:
    said = json.load(sys.stdin)
    # pyVoIP's Call-IDs count from 1: from a beginning by chance no two runs have the same.
    phone = VoIPPhone(
        said["host"], said["port"], said["user"], said["password"], said["own"], None,
        sipPort=said["own_port"], rtpPortLow=said["rtp_port"], rtpPortHigh=said["rtp_port"],
    )  # fmt: skip
    sip: Any = phone.sip
    sip.callID = type(sip.callID)(random.randrange(2**31))
    phone.start()
    limit_s = time.monotonic() + REGISTER_S
    while phone.get_status() == PhoneStatus.REGISTERING and time.monotonic() < limit_s:
        time.sleep(FRAME_S)
    told = {"state": "refused", "answer_s": 0.0}
    if phone.get_status() == PhoneStatus.REGISTERED:
        told = visit(phone, said)
    print(json.dumps(told), flush=True)
    with contextlib.suppress(Exception):
        phone.stop()


def visit(phone: VoIPPhone, said: dict[str, Any]) -> dict[str, Any]:
    """Ring, listen, press, listen, hang up."""
    began_s = time.monotonic()
    call = ring(phone, said["number"])
    while call.state == CallState.DIALING and time.monotonic() < began_s + said["answer_s"]:
        time.sleep(0.005)
    if call.state != CallState.ANSWERED:
        return {"state": "unanswered", "answer_s": 0.0}
    answer_s = time.monotonic() - began_s
    whole = listen(call, said["after_s"], said["heard"])
    if said["press"]:
        for key in said["press"]:
            press(call, key)
        whole = whole and listen(call, said["listen_s"], said["then_heard"])
    if call.state == CallState.ANSWERED:
        call.hangup()
    return {"state": "heard" if whole else "ended", "answer_s": answer_s}


def ring(phone: VoIPPhone, number: str) -> VoIPCall:
    """`VoIPPhone.call` waits for a 100 or 180 and hangs where a 200 or 183 comes first: the INVITE goes out by itself.

    Where a password is asked for it is given once, by the thread that reads the answers.
    """
    from pyVoIP.SIP import SIPMessage  # first of all imports it runs into a circle inside pyVoIP

    sip: Any = phone.sip
    told: tuple[Any, ...] = ()

    def send(media: object, direction: object, call_id: str, session: int, proof: str = "") -> str:
        text: str = sip.gen_invite(number, str(session), media, direction, sip.gen_branch(), call_id)
        text = text.replace("\r\nContent-Length", f"\r\n{proof}Content-Length", 1)
        sip.out.sendto(text.encode(), (sip.server, sip.port))
        return text

    def invite(_number: str, media: object, direction: object) -> tuple[Any, str, int]:
        nonlocal told
        call_id, session = sip.gen_call_id(), sip.sessID.next()
        told = media, direction, call_id, session
        return SIPMessage(send(media, direction, call_id, session).encode()), call_id, session

    def read(message: Any) -> None:
        asked = message.status is not None and int(message.status) == 401
        if asked and told and message.headers["CSeq"]["method"] == "INVITE" and message.headers["Call-ID"] == told[2]:
            sip.out.sendto(sip.gen_ack(message).encode(), (sip.server, sip.port))
            media, direction, call_id, session = told
            send(media, direction, call_id, session, _proof(sip, message, number))
            sip.parse_message = understood
            return
        understood(message)

    understood, sip.parse_message, sip.invite = sip.parse_message, read, invite
    with sip.recvLock:
        return phone.call(number)


def _proof(sip: Any, message: Any, number: str) -> str:
    """Digest without qop (RFC 2617, section 3.2.2.1), as pyVoIP registers."""
    realm, nonce = message.authentication["realm"], message.authentication["nonce"]
    uri = f"sip:{number}@{sip.server}"
    who = hashlib.md5(f"{sip.username}:{realm}:{sip.password}".encode()).hexdigest()
    what = hashlib.md5(f"INVITE:{uri}".encode()).hexdigest()
    response = hashlib.md5(f"{who}:{nonce}:{what}".encode()).hexdigest()
    return (
        f'Authorization: Digest username="{sip.username}",realm="{realm}",nonce="{nonce}",uri="{uri}",'
        f'response="{response}",algorithm=MD5\r\n'
    )


def listen(call: VoIPCall, seconds: float, path: str) -> bool:
    """Keep what is heard in so many seconds, silence too. False when the call was ended by the other side."""
    began_s, frames = time.monotonic(), round(seconds / FRAME_S)
    with open(path, "wb") as heard:
        for at in range(frames):
            while time.monotonic() < began_s + at * FRAME_S:
                time.sleep(0.002)
            if call.state != CallState.ANSWERED:
                return False
            heard.write(call.read_audio(FRAME, blocking=False) or SILENCE * FRAME)
    return True


def press(call: VoIPCall, key: str) -> None:
    """A key by RFC 4733 (section 2.5): steps with the marker on the first, and its end three times."""
    stream: Any = call.RTPClients[0]
    code, at, source = "0123456789*#".index(key), stream.outTimestamp & 0xFFFFFFFF, stream.outSSRC
    for step in range(1, EVENT_STEPS + EVENT_ENDS + 1):
        end = step > EVENT_STEPS
        length = FRAME * min(step, EVENT_STEPS)
        first = struct.pack(
            "!BBHII", 0x80, EVENT_TYPE | (0x80 if step == 1 else 0), stream.outSequence & 0xFFFF, at, source
        )
        stream.outSequence += 1
        event = struct.pack("!BBH", code, VOLUME | (0x80 if end else 0), length)
        stream.sout.sendto(first + event, (stream.outIP, stream.outPort))
        time.sleep(FRAME_S)


if __name__ == "__main__":
    main()
