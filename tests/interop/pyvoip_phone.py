"""A pyVoIP phone as a process of its own: it shares no code with svar (GPL-3, never imported by it).

`python pyvoip_phone.py (call|answer) USER PASSWORD PORT OWN_PORT HEARD [NUMBER] SECONDS`. It registers, rings NUMBER or
waits to be rung, says a tone, keeps what it hears (8-bit unsigned samples), and hangs up. Words on its output:
`registered` or `refused`, `answered`, `over`.
"""

import math
import sys
import threading
import time
from typing import Any

from pyVoIP.VoIP import CallState, PhoneStatus, VoIPCall, VoIPPhone

WAIT_S = 15.0
FRAME = 160
TONE = bytes(128 + round(40 * math.sin(2 * math.pi * 1000 * at / 8000)) for at in range(FRAME))


def tell(word: str) -> None:
    print(word, flush=True)


def talk(call: VoIPCall, seconds: float, path: str) -> None:
    end_s = time.monotonic() + seconds
    with open(path, "wb") as heard:
        while time.monotonic() < end_s and call.state == CallState.ANSWERED:
            call.write_audio(TONE)
            heard.write(call.read_audio(FRAME, blocking=True))
    if call.state == CallState.ANSWERED:
        call.hangup()
    tell("over")


def call_at_once(phone: VoIPPhone, number: str) -> VoIPCall:
    """`VoIPPhone.call` waits for a 100 or 180 and hangs when a 200 comes first; so the INVITE goes out by itself."""
    from pyVoIP.SIP import SIPMessage  # first of all imports it runs into a circle inside pyVoIP

    sip: Any = phone.sip

    def invite(number: str, media: object, direction: object) -> tuple[Any, str, int]:
        branch, call_id, session = "z9hG4bK" + sip.gen_call_id()[:25], sip.gen_call_id(), sip.sessID.next()
        text = sip.gen_invite(number, str(session), media, direction, branch, call_id)
        sip.out.sendto(text.encode(), (sip.server, sip.port))
        return SIPMessage(text.encode()), call_id, session

    sip.invite = invite
    with sip.recvLock:
        return phone.call(number)


def main() -> None:
    way, user, password, server_port, own_port, path, *rest = sys.argv[1:]
    seconds = float(rest[-1])
    done = threading.Event()

    def rung(call: VoIPCall) -> None:
        call.answer()
        tell("answered")
        talk(call, seconds, path)
        done.set()

    phone = VoIPPhone(
        "127.0.0.1", int(server_port), user, password, "127.0.0.1", rung if way == "answer" else None,
        sipPort=int(own_port), rtpPortLow=42000, rtpPortHigh=43998,
    )  # fmt: skip
    phone.start()
    limit_s = time.monotonic() + WAIT_S
    while phone.get_status() == PhoneStatus.REGISTERING and time.monotonic() < limit_s:
        time.sleep(0.05)
    if phone.get_status() != PhoneStatus.REGISTERED:
        tell("refused")
        phone.stop()
        return
    tell("registered")
    if way == "call":
        call = call_at_once(phone, rest[0])
        while call.state == CallState.DIALING and time.monotonic() < limit_s:
            time.sleep(0.01)
        if call.state == CallState.ANSWERED:
            tell("answered")
            talk(call, seconds, path)
    else:
        done.wait(seconds + 60)
    phone.stop()


if __name__ == "__main__":
    main()
