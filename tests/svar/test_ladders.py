from zoneinfo import ZoneInfo

from sip.config import Address
from svar.ladder_lines import LONGEST, as_json, legs, read, rungs, sound, text_lines
from svar.ladders import MOST_CALLS, MOST_MESSAGES, MOST_UNKNOWN, MOST_UNKNOWN_SIZE, Ladders, Way

CALLER, PHONE = Address("192.0.2.1", 5060), Address("192.0.2.9", 5090)
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n"


class Clock:
    now_ms = 1_763_800_000_000

    def __call__(self) -> int:
        self.now_ms += 10
        return self.now_ms


def message(first: str, call_id: str, *fields: str, body: str = "", method: str = "INVITE") -> bytes:
    lines = [first, "Via: SIP/2.0/UDP h;branch=z9hG4bK1", f"Call-ID: {call_id}", f"CSeq: 1 {method}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def told(ladders: Ladders, *messages: tuple[Way, Address, bytes]) -> None:
    for way, peer, data in messages:
        ladders.message(way, peer, data, 0.0)


def one_talk() -> Ladders:
    ladders = Ladders(Clock())
    invite = message("INVITE sip:5000@192.0.2.5 SIP/2.0", "caller-1", body=SDP)
    told(ladders, ("in", CALLER, invite))
    ladders.belongs("caller-1", "c1")
    rung = message("INVITE sip:anna@192.0.2.9:5090 SIP/2.0", "agent-1", "X-Svar-Contact: c1", body=SDP)
    told(
        ladders,
        ("out", CALLER, message("SIP/2.0 200 OK", "caller-1", body=SDP)),
        ("out", PHONE, rung),
        ("out", PHONE, rung),
        ("in", PHONE, message("SIP/2.0 486 Busy Here", "agent-1")),
        ("in", CALLER, message("BYE sip:svar@192.0.2.5 SIP/2.0", "caller-1", method="BYE")),
    )
    return ladders


def test_the_messages_of_all_legs_of_a_contact_are_told_in_order() -> None:
    seen = read(as_json("n1", one_talk().of("c1")))
    lines = list(text_lines(seen, ZoneInfo("Europe/Oslo")))
    assert lines[:3] == [
        "SIP at node n1:",
        "  leg 1: 192.0.2.1:5060, who called",
        "  leg 2: 192.0.2.9:5090, anna",
    ]
    assert [line.partition(" s  ")[2] for line in lines[3:]] == [
        "1 ──► INVITE sip:5000@192.0.2.5 +SDP 192.0.2.1:4000 PCMA/telephone-event",
        "1 ◄── 200 OK (INVITE) +SDP 192.0.2.1:4000 PCMA/telephone-event",
        "    2 ◄── INVITE sip:anna@192.0.2.9:5090 +SDP 192.0.2.1:4000 PCMA/telephone-event",
        "    2 ◄── INVITE sip:anna@192.0.2.9:5090 +SDP 192.0.2.1:4000 PCMA/telephone-event (again)",
        "    2 ──► 486 Busy Here (INVITE)",
        "1 ──► BYE sip:svar@192.0.2.5",
    ]


def test_numbers_of_people_are_masked() -> None:
    ladders = Ladders(Clock())
    told(ladders, ("out", CALLER, message("INVITE sip:+4791234567@192.0.2.1 SIP/2.0", "x", "X-Svar-Contact: c1")))
    told(ladders, ("in", CALLER, message("SIP/2.0 404 Not Found", "x", 'Reason: Q.850;cause=1;text="91234567"')))
    found = ladders.of("c1")
    assert [leg.whom for leg in legs(found)] == ["***"]
    assert [rung.what for rung in rungs(found)] == [
        "INVITE sip:***@192.0.2.1",
        '404 Not Found (INVITE) [Q.850;cause=1;text="***"]',
    ]


def test_a_callers_own_address_is_masked_whatever_it_is_like() -> None:
    ladders = Ladders(Clock())
    told(ladders, ("in", CALLER, message("INVITE sip:5000@h SIP/2.0", "x")))
    ladders.belongs("x", "c1")
    for uri in ("sip:kari.nordmann@192.0.2.1", "sips:u4791234567x@192.0.2.1:5061", "tel:+47-912-34-567"):
        told(ladders, ("out", CALLER, message(f"BYE {uri} SIP/2.0", "x", method="BYE")))
    told(ladders, ("out", CALLER, message("SIP/2.0 200 OK", "x")))
    assert [rung.what for rung in rungs(ladders.of("c1"))] == [
        "INVITE sip:5000@h",
        "BYE sip:***@192.0.2.1",
        "BYE sips:***@192.0.2.1:5061",
        "BYE tel:***",
        "200 OK (INVITE)",
    ]


def test_an_invite_of_any_size_begins_its_leg_and_no_line_is_long() -> None:
    ladders = Ladders(Clock())
    told(ladders, ("in", CALLER, message(f"INVITE sip:{'a' * 2 * MOST_UNKNOWN_SIZE}@h SIP/2.0", "x")))
    assert ladders.of("c1") == []
    told(ladders, ("in", CALLER, message("INVITE sip:5000@h SIP/2.0", "y", body="x" * 2 * MOST_UNKNOWN_SIZE)))
    ladders.belongs("y", "c2")
    assert [rung.what for rung in rungs(ladders.of("c2"))] == ["INVITE sip:5000@h"]
    ladders.belongs("x", "c1")
    told(ladders, ("out", CALLER, message(f"SIP/2.0 400 {'b' * 1000}", "x")))
    assert legs(ladders.of("c1"))[0].whom == ""
    assert max(len(rung.what) for rung in rungs(ladders.of("c1"))) == LONGEST


def test_so_many_calls_are_kept_however_small_their_messages_are() -> None:
    ladders = Ladders(Clock())
    for number in range(MOST_CALLS + 10):
        told(ladders, ("in", CALLER, message("INVITE sip:5000@h SIP/2.0", f"call-{number}")))
        ladders.belongs(f"call-{number}", f"c{number}")
    assert ladders.figures()["calls"] == MOST_CALLS
    assert not ladders.of("c0")


def test_what_belongs_to_no_call_is_not_kept() -> None:
    ladders = Ladders(Clock())
    told(ladders, ("in", CALLER, message("OPTIONS sip:h SIP/2.0", "o", method="OPTIONS")), ("in", CALLER, b"\r\n\r\n"))
    told(ladders, ("in", CALLER, b"INVITE sip:5000@h SIP/2.0\r\n\r\n"))
    assert ladders.figures() == {"calls": 0, "bytes": 0}


def test_strangers_who_ring_take_nobodys_ladder_away() -> None:
    ladders = one_talk()
    kept = ladders.figures()["bytes"]
    for number in range(10 * MOST_UNKNOWN):
        told(ladders, ("in", CALLER, message("INVITE sip:1@h SIP/2.0", f"stranger-{number}")))
    assert len(ladders.of("c1")) == 2
    assert ladders.figures()["bytes"] < kept + 200 * MOST_UNKNOWN


def test_the_oldest_call_goes_when_there_are_too_many_bytes_and_one_call_has_a_bound() -> None:
    ladders = Ladders(Clock(), most_bytes=100_000)
    for number in range(100):
        told(ladders, ("in", CALLER, message("INVITE sip:5000@h SIP/2.0", f"call-{number}", body="x" * 3000)))
        ladders.belongs(f"call-{number}", f"c{number}")
    assert not ladders.of("c0")
    assert ladders.of("c99")
    assert ladders.figures()["bytes"] <= 100_000
    for _ in range(2 * MOST_MESSAGES):
        told(ladders, ("in", CALLER, message("INFO sip:h SIP/2.0", "call-99", method="INFO")))
    assert len(ladders.of("c99")[0].messages) == MOST_MESSAGES


def test_a_call_with_compact_headers_is_known() -> None:
    ladders = Ladders(Clock())
    told(ladders, ("in", CALLER, b"INVITE sip:5000@h SIP/2.0\r\nI : short\r\nCSeq: 1 INVITE\r\n\r\n"))
    ladders.belongs("short", "c1")
    assert [rung.what for rung in rungs(ladders.of("c1"))] == ["INVITE sip:5000@h"]


def test_a_session_description_is_told_in_a_few_words() -> None:
    assert sound("v=0\r\n") == "+SDP"
    held = SDP.replace("RTP/AVP", "RTP/SAVP") + "a=sendonly\r\na=rtpmap:8 PCMA/8000\r\n"
    assert sound(held) == "+SDP 192.0.2.1:4000 PCMA SRTP sendonly"
