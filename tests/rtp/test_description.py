import itertools
from collections.abc import Callable

import pytest

from rtp.description import LegDescription
from rtp.engine import MediaError
from rtp.sender import Outbound
from rtp.stream import Inbound
from sdp.crypto import Crypto, Srtp, Suite, keys
from sdp.description import parse
from sdp.negotiation import Capabilities


def sdp(
    formats: str = "8 0 101", *, address: str = "192.0.2.1", port: int = 4000, extra: str = "", version: int = 1
) -> str:
    return (
        f"v=0\r\no=phone 1 {version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {formats}\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        f"a=rtpmap:101 telephone-event/8000\r\n{extra}"
    )


def description(
    *, inactive_on_hold: bool = False, srtp: Srtp = Srtp.REFUSED, chance: Callable[[int], bytes] | None = None
) -> LegDescription:
    return LegDescription(
        Capabilities("192.0.2.9"), 20_000, 77, inactive_on_hold=inactive_on_hold, srtp=srtp, chance=chance
    )


def counting() -> Callable[[int], bytes]:
    """Other bytes at every call."""
    calls = itertools.count(1)
    return lambda size: bytes([next(calls)]) * size


KEY = Crypto(1, Suite.AES_128_SHA1_80, b"k" * 30)
CHANGED = Crypto(1, Suite.AES_128_SHA1_80, b"c" * 30)


def test_an_offer_is_answered_and_settles_types_and_address() -> None:
    leg = description()
    text, news = leg.receive(sdp())
    assert news
    assert "m=audio 20000 RTP/AVP 8 101" in text
    assert leg.text == text
    assert leg.codec == "PCMA"
    assert leg.named == ("192.0.2.1", 4000)
    assert leg.inbound == Inbound(8, 101)
    assert leg.outbound == Outbound(8, 101)


def test_before_anything_is_agreed_nothing_is_sent_or_heard() -> None:
    leg = description()
    assert leg.text == ""
    offer = leg.offer()
    assert leg.text == offer
    assert leg.named is None
    assert leg.codec == "PCMA"
    assert not leg.inbound.receives
    assert not leg.outbound.sends


def test_the_answer_to_our_offer_completes_it() -> None:
    leg = description()
    offer = leg.offer()
    assert leg.receive(sdp("0 101")) == (offer, True)
    assert leg.codec == "PCMU"


def test_the_same_description_again_is_no_news() -> None:
    leg = description()
    text, _ = leg.receive(sdp())
    assert leg.receive(sdp()) == (text, False)


def test_hold_raises_the_version_and_resume_again() -> None:
    leg = description()
    versions = [
        leg.receive(sdp(extra=extra, version=i))[0].split(" ")[2] for i, extra in enumerate(("", "a=sendonly\r\n", ""))
    ]
    assert versions == ["1", "2", "3"]


def test_a_peer_that_holds_us_may_be_silent() -> None:
    leg = description()
    leg.receive(sdp(extra="a=sendonly\r\n"))
    assert leg.inbound == Inbound(8, 101, watched=False)


@pytest.mark.parametrize(
    ("offer", "sends", "receives"),
    [("a=sendonly\r\n", False, True), ("a=inactive\r\n", False, False), ("a=recvonly\r\n", True, False)],
)
def test_direction_is_ours(offer: str, sends: bool, receives: bool) -> None:
    leg = description()
    leg.receive(sdp(extra=offer))
    assert (leg.outbound.sends, leg.inbound.receives) == (sends, receives)


@pytest.mark.parametrize(("asked", "sent"), [("", 20), ("a=ptime:30\r\n", 30), ("a=ptime:60\r\n", 40)])
def test_packets_last_what_the_peer_asks_for(asked: str, sent: int) -> None:
    leg = description()
    leg.receive(sdp(extra=asked))
    assert leg.outbound.packet_ms == sent


def test_a_hold_can_be_answered_with_inactive() -> None:
    leg = description(inactive_on_hold=True)
    text, _ = leg.receive(sdp(extra="a=sendonly\r\n"))
    assert "a=inactive" in text
    assert not leg.inbound.receives


def test_the_old_way_to_hold_names_no_address_and_is_sent_nothing() -> None:
    leg = description()
    leg.receive(sdp(address="0.0.0.0"))
    assert leg.named is None
    assert not leg.outbound.sends


def test_our_own_re_offer_keeps_the_version_when_nothing_changed() -> None:
    leg = description()
    first = leg.offer()
    leg.receive(sdp("8 0 101"))
    assert leg.offer() == first


def test_our_offer_in_a_session_with_video_keeps_its_lines_and_numbers() -> None:
    leg = description()
    video = "m=video 6002 RTP/AVP 31\r\n"
    audio = "m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
    head = sdp().partition("m=")[0]
    leg.receive(head + video + audio)
    offer = leg.offer()
    assert [line for line in offer.splitlines() if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 31",
        "m=audio 20000 RTP/AVP 8 0 96",
    ]
    assert leg.receive(head + "m=video 0 RTP/AVP 31\r\n" + audio) == (offer, True)
    assert leg.inbound == Inbound(0, 96)


@pytest.mark.parametrize("text", ["", "v=0", sdp("18"), sdp(address="phone.example")])
def test_what_cannot_be_agreed_is_488(text: str) -> None:
    with pytest.raises(MediaError, match="session description") as error:
        description().receive(text)
    assert error.value.status == 488


def test_an_offer_without_an_answer_is_withdrawn_and_the_next_description_is_an_offer() -> None:
    leg = description()
    leg.receive(sdp("0 101"))
    stood = leg.agreed
    assert "m=audio 20000 RTP/AVP 8 0 101" in leg.offer()
    leg.withdraw()
    assert leg.agreed is stood
    answer, news = leg.receive(sdp("0 101"))
    assert news
    assert "m=audio 20000 RTP/AVP 0 101" in answer
    assert "o=svar 77 3 " in answer
    leg.withdraw()
    assert leg.receive(sdp("0 101")) == (answer, False)


def test_keys_stay_over_later_offers_of_either_side_until_the_peer_changes_its_own() -> None:
    leg = description(srtp=Srtp.PREFERRED, chance=counting())
    first, _ = leg.receive(sdp(extra=f"a=crypto:{KEY}\r\n"))
    held, _ = leg.receive(sdp(extra=f"a=crypto:{KEY}\r\na=sendonly\r\n", version=2))
    offered = leg.offer()
    assert len({tuple(keys(parse(text).media[0])) for text in (first, held, offered)}) == 1
    leg.receive(sdp(extra=f"a=crypto:{KEY}\r\n", version=3))
    assert leg.secured is not None
    sent = leg.secured.sent
    leg.receive(sdp(extra=f"a=crypto:{CHANGED}\r\n", version=4))
    assert leg.secured.received == CHANGED
    assert leg.secured.sent.key != sent.key


def test_keys_that_were_answered_in_the_clear_are_not_offered_again() -> None:
    leg = description(srtp=Srtp.PREFERRED, chance=counting())
    first = leg.offer()
    leg.receive(sdp())
    assert leg.secured is None
    assert not set(keys(parse(first).media[0])) & set(keys(parse(leg.offer()).media[0]))


def test_required_protection_that_is_not_given_is_488() -> None:
    leg = description(srtp=Srtp.REQUIRED, chance=counting())
    for _ in range(2):
        with pytest.raises(MediaError) as error:
            leg.receive(sdp())
        assert error.value.status == 488
        assert "RTP/SAVP" in leg.offer()


def test_protection_needs_a_source_of_keys() -> None:
    with pytest.raises(ValueError, match="source of chance"):
        description(srtp=Srtp.PREFERRED)


def test_a_leg_that_is_opened_anew_goes_on_where_its_description_stood() -> None:
    before = description()
    stood, _ = before.receive(sdp("101 8").replace("m=audio", "m=video 5000 RTP/AVP 99\r\nm=audio", 1))
    again = LegDescription(Capabilities("192.0.2.9"), 20_002, 99, last_sdp=stood)
    offer = again.offer()
    origin = stood.splitlines()[1].split(" ")
    assert offer.splitlines()[1].split(" ") == [*origin[:2], str(int(origin[2]) + 1), *origin[3:]]
    lines = [line.split(" ")[:2] for line in offer.splitlines() if line.startswith("m=")]
    assert lines == [["m=video", "0"], ["m=audio", "20002"]]


def test_what_stood_has_to_be_a_description() -> None:
    with pytest.raises(MediaError) as error:
        LegDescription(Capabilities("192.0.2.9"), 20_000, 77, last_sdp="nonsense")
    assert error.value.status == 488
