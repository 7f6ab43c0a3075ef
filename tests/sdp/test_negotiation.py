"""Offer and answer: RFC 3264, branch by branch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdp.crypto import CHANCE_BYTES, Crypto, Secured, Security, Srtp, Suite, keys
from sdp.description import SessionDescription, parse
from sdp.errors import NoCommonCodec, NoCommonProtection, SdpError, UnusableAddress
from sdp.negotiation import Agreed, Capabilities, Codec, Direction, answer, complete, make_offer, next_version

OURS = Capabilities("192.0.2.10")
SEND = Direction.SENDONLY
BOTH = Direction.SENDRECV
RECEIVE = Direction.RECVONLY
NONE = Direction.INACTIVE


def offer(*lines: str, address: str = "192.0.2.20") -> SessionDescription:
    version = "6" if ":" in address else "4"
    head = ("v=0", "o=peer 7 8 IN IP4 192.0.2.20", "s=-", f"c=IN IP{version} {address}", "t=3 4")
    return parse("\r\n".join((*head, *lines)))


def answered(description: SessionDescription, direction: Direction = BOTH) -> tuple[SessionDescription, Agreed]:
    return answer(description, OURS, 4000, 1, 2, direction)


PHONE = (
    "m=audio 6000 RTP/AVP 0 8 96",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:96 telephone-event/8000",
    "a=fmtp:96 0-16",
)


def test_answer_names_one_codec_of_ours_and_the_offers_numbers() -> None:
    description, agreed = answered(offer(*PHONE))
    assert str(description) == (
        "v=0\r\no=svar 1 2 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=3 4\r\n"
        "m=audio 4000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n"
        "a=fmtp:96 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
    assert agreed == Agreed(
        "192.0.2.20", 6000, Codec("PCMA", 8), 8, 96, 96, BOTH, ptime_ms=20, rtcp_mux=False, rtcp_port=6001
    )


def test_codec_that_alone_was_offered_is_taken_without_an_rtpmap() -> None:
    _, agreed = answered(offer("m=audio 6000 RTP/AVP 18 0"))
    assert (agreed.codec, agreed.dtmf_payload_type, agreed.dtmf_receive_type) == (Codec("PCMU", 0), None, None)
    _, agreed = answered(offer("m=audio 6000 RTP/AVP 8"))
    assert agreed.codec == Codec("PCMA", 8)


def test_codec_under_a_dynamic_number_keeps_it() -> None:
    description, agreed = answered(offer("m=audio 6000 RTP/AVP 97", "a=rtpmap:97 pcma/8000"))
    assert (description.media[0].formats, agreed.codec, agreed.codec_receive_type) == (("97",), Codec("PCMA", 97), 97)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("m=video 6000 RTP/AVP 8",),
        ("m=audio 0 RTP/AVP 8",),
        ("m=audio 6000 RTP/SAVP 8",),
        ("m=audio 6000 RTP/AVP 18 x 200 \u0663",),
        ("m=audio 6000 RTP/AVP 97 98", "a=rtpmap:97 PCMA/16000", "a=rtpmap:98 PCMA/8000/2"),
        ("m=audio 6000 RTP/AVP 200", "a=rtpmap:200 PCMA/8000"),
        ("m=audio 6000 RTP/AVP 128", "a=rtpmap:128 PCMA/8000"),
    ],
)
def test_offer_without_audio_that_we_speak_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(NoCommonCodec):
        answered(offer(*lines))


def test_every_other_line_is_answered_with_port_0() -> None:
    lines = ("m=video 6002 RTP/AVP 31", *PHONE, "m=audio 6004 RTP/AVP 8", "m=image 6006 udptl t38")
    description, agreed = answered(offer(*lines))
    assert [(media.kind, media.port, media.protocol) for media in description.media] == [
        ("video", 0, "RTP/AVP"),
        ("audio", 4000, "RTP/AVP"),
        ("audio", 0, "RTP/AVP"),
        ("image", 0, "udptl"),
    ]
    assert agreed.port == 6000


def test_feedback_profile_is_answered_with_itself() -> None:
    description, _ = answered(offer("m=audio 6000 RTP/AVPF 8"))
    assert description.media[0].protocol == "RTP/AVPF"


def test_telephone_events_are_left_out_by_a_side_that_has_none() -> None:
    description, agreed = answer(offer(*PHONE), Capabilities("192.0.2.10", dtmf=False), 4000, 1, 1)
    assert (description.media[0].formats, agreed.dtmf_payload_type, agreed.dtmf_receive_type) == (("8",), None, None)


@pytest.mark.parametrize(
    ("line", "wanted", "ours"),
    [
        ("a=sendrecv", BOTH, BOTH),
        ("a=sendrecv", SEND, SEND),
        ("a=sendonly", BOTH, RECEIVE),
        ("a=sendonly", SEND, NONE),
        ("a=recvonly", BOTH, SEND),
        ("a=inactive", BOTH, NONE),
        ("a=sendrecv:odd", RECEIVE, RECEIVE),
        ("a=x", NONE, NONE),
    ],
)
def test_direction_of_the_answer_never_exceeds_offer_or_wish(line: str, wanted: Direction, ours: Direction) -> None:
    description, agreed = answered(offer(*PHONE, line), wanted)
    assert (agreed.direction, description.media[0].attribute(ours.value)) == (ours, "")


def test_direction_of_the_session_holds_for_a_stream_without_its_own() -> None:
    assert answered(offer("a=sendonly", *PHONE))[1].direction is RECEIVE
    assert answered(offer("a=sendonly", *PHONE, "a=sendrecv"))[1].direction is BOTH


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_hold_by_an_unspecified_address_stops_our_sending(address: str) -> None:
    _, agreed = answered(offer(*PHONE, address=address))
    assert (agreed.direction, agreed.address) == (RECEIVE, address)


@pytest.mark.parametrize(
    "address", ["phone.example.com", "224.0.0.1", "255.255.255.255", "2001:db8::1", "ff02::1", "192.0.2"]
)
def test_address_that_is_not_one_reachable_host_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddress):
        answered(offer(*PHONE, address=address))


def test_address_with_a_zone_is_refused() -> None:
    with pytest.raises(UnusableAddress, match="zone"):
        answer(offer(*PHONE, address="fe80::1%eth0"), Capabilities("2001:db8::1"), 4000, 1, 1)


def test_offer_without_any_address_is_refused() -> None:
    with pytest.raises(UnusableAddress):
        answered(parse("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 6000 RTP/AVP 8"))


def test_mapped_address_counts_as_ipv4_and_ipv6_speaks_to_ipv6() -> None:
    assert answered(offer(*PHONE, address="::ffff:192.0.2.20"))[1].address == "192.0.2.20"
    description, agreed = answer(offer(*PHONE, address="2001:db8::2"), Capabilities("2001:db8::1"), 4000, 1, 1)
    assert (agreed.address, "c=IN IP6 2001:db8::1" in str(description)) == ("2001:db8::2", True)


@pytest.mark.parametrize(
    ("lines", "ms"),
    [
        ((), 20),
        (("a=ptime:30",), 30),
        (("a=ptime:40", "a=maxptime:30"), 30),
        (("a=maxptime:10",), 10),
        (("a=maxptime:150",), 20),
        (("a=ptime:x", "a=maxptime:0"), 20),
    ],
)
def test_packets_last_what_the_peer_asks_for_and_no_more_than_it_takes(lines: tuple[str, ...], ms: int) -> None:
    assert answered(offer(*PHONE, *lines))[1].ptime_ms == ms


def test_rtcp_goes_where_the_peer_says() -> None:
    assert answered(offer(*PHONE, "a=rtcp:7000 IN IP4 192.0.2.20"))[1].rtcp_port == 7000
    assert answered(offer(*PHONE, "a=rtcp:0"))[1].rtcp_port == 6001
    assert answered(offer("m=audio 65535 RTP/AVP 8"))[1].rtcp_port == 65535
    muxing = Capabilities("192.0.2.10", rtcp_mux=True)
    description, agreed = answer(offer(*PHONE, "a=rtcp-mux"), muxing, 4000, 1, 1)
    assert (agreed.rtcp_mux, agreed.rtcp_port, description.media[0].attribute("rtcp-mux")) == (True, 6000, "")
    assert not answer(offer(*PHONE), muxing, 4000, 1, 1)[1].rtcp_mux
    assert not answered(offer(*PHONE, "a=rtcp-mux"))[1].rtcp_mux


@pytest.mark.parametrize(
    ("line", "ptime_ms"),
    [("a=ptime:30", 30), ("a=ptime:1", 1), ("a=ptime:200", 200), ("a=ptime:0", 20), ("a=ptime:201", 20), ("a=x", 20)],
)
def test_ptime_is_what_the_peer_asks_for_within_reason(line: str, ptime_ms: int) -> None:
    assert answered(offer(*PHONE, line))[1].ptime_ms == ptime_ms


def test_offer_of_ours_reads_as_rfc_3264_has_it() -> None:
    assert str(make_offer(OURS, 4000, 1, 2)) == (
        "v=0\r\no=svar 1 2 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
    bare = make_offer(Capabilities("::1", ("PCMU",), dtmf=False, rtcp_mux=True), 4000, 1, 2, SEND)
    assert "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=rtcp-mux\r\na=sendonly\r\n" in str(bare)


def test_answer_to_our_offer_may_use_numbers_of_its_own() -> None:
    agreed = complete(
        make_offer(OURS, 4000, 1, 1),
        offer("m=audio 6000 RTP/AVP 100 97", "a=rtpmap:100 PCMU/8000", "a=rtpmap:97 telephone-event/8000"),
    )
    assert (agreed.codec, agreed.codec_receive_type) == (Codec("PCMU", 100), 0)
    assert (agreed.dtmf_payload_type, agreed.dtmf_receive_type) == (97, 101)


def test_answer_on_hold_and_answer_with_rtcp_mux_are_understood() -> None:
    assert complete(make_offer(OURS, 4000, 1, 1), offer(*PHONE, "a=recvonly")).direction is SEND
    assert complete(make_offer(OURS, 4000, 1, 1, SEND), offer(*PHONE, "a=recvonly")).direction is SEND
    assert complete(make_offer(OURS, 4000, 1, 1, SEND), offer(*PHONE, "a=inactive")).direction is NONE
    muxing = Capabilities("192.0.2.10", rtcp_mux=True)
    assert complete(make_offer(muxing, 4000, 1, 1), offer(*PHONE, "a=rtcp-mux")).rtcp_mux
    assert not complete(make_offer(OURS, 4000, 1, 1), offer(*PHONE, "a=rtcp-mux")).rtcp_mux


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((), SdpError),
        (("m=audio 6000 RTP/AVP 8", "m=audio 6000 RTP/AVP 8"), SdpError),
        (("m=audio 0 RTP/AVP 8",), NoCommonCodec),
        (("m=video 6000 RTP/AVP 8",), NoCommonCodec),
        (("m=audio 6000 RTP/SAVP 8",), NoCommonCodec),
        (("m=audio 6000 RTP/AVP 18",), NoCommonCodec),
        (("m=audio 6000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), NoCommonCodec),
    ],
)
def test_answer_that_does_not_fit_our_offer_is_refused(lines: tuple[str, ...], error: type[SdpError]) -> None:
    with pytest.raises(error):
        complete(make_offer(OURS, 4000, 1, 1), offer(*lines))


CHANCE = bytes(range(CHANCE_BYTES))
THEIRS = Crypto(4, Suite.AES_128_SHA1_80, b"k" * 30)
KEY = f"a=crypto:{THEIRS}"


def secure(policy: Srtp, kept: Secured | None = None) -> Security:
    return Security(policy, CHANCE, kept)


def test_protected_stream_is_answered_with_its_profile_tag_and_suite() -> None:
    lines = ("m=audio 6000 RTP/SAVP 8", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x", KEY)
    description, agreed = answer(offer(*lines), OURS, 4000, 1, 1, security=secure(Srtp.REQUIRED))
    (media,) = description.media
    sent = Crypto(4, Suite.AES_128_SHA1_80, CHANCE[:30])
    assert (media.protocol, keys(media), agreed.secured) == ("RTP/SAVP", [sent], Secured(sent, THEIRS))


@pytest.mark.parametrize("first", ["RTP/AVP", "RTP/SAVP"])
@pytest.mark.parametrize(
    ("policy", "taken"), [(Srtp.REFUSED, "RTP/AVP"), (Srtp.PREFERRED, "RTP/SAVP"), (Srtp.REQUIRED, "RTP/SAVP")]
)
def test_of_a_plain_and_a_protected_stream_the_policy_chooses(first: str, policy: Srtp, taken: str) -> None:
    both = [("m=audio 6000 RTP/AVP 8",), ("m=audio 6002 RTP/SAVP 8", KEY)]
    if first == "RTP/SAVP":
        both.reverse()
    description, agreed = answer(offer(*both[0], *both[1]), OURS, 4000, 1, 1, security=secure(policy))
    assert [media.protocol for media in description.media if media.port] == [taken]
    assert len(description.media) == 2
    assert (agreed.secured is None) == (policy is Srtp.REFUSED)


def test_plain_stream_is_taken_where_protection_is_only_preferred_and_the_first_of_two() -> None:
    lines = ("m=audio 6000 RTP/AVP 8", "m=audio 6002 RTP/AVP 8", "m=audio 6004 RTP/SAVP 18", KEY)
    description, agreed = answer(offer(*lines), OURS, 4000, 1, 1, security=secure(Srtp.PREFERRED))
    assert [media.port for media in description.media] == [4000, 0, 0]
    assert agreed.secured is None
    with pytest.raises(NoCommonCodec, match="required"):
        answer(offer(*lines), OURS, 4000, 1, 1, security=secure(Srtp.REQUIRED))


def test_offer_of_ours_is_best_effort_or_strict_as_the_policy_says() -> None:
    for policy, protocol, count in (
        (Srtp.REFUSED, "RTP/AVP", 0),
        (Srtp.PREFERRED, "RTP/AVP", 4),
        (Srtp.REQUIRED, "RTP/SAVP", 4),
    ):
        (media,) = make_offer(OURS, 4000, 1, 1, security=secure(policy)).media
        assert (media.protocol, len(keys(media))) == (protocol, count)


def test_answer_with_a_key_secures_our_offer_and_a_plain_one_does_only_where_that_is_allowed() -> None:
    out = make_offer(OURS, 4000, 1, 1, security=secure(Srtp.PREFERRED))
    fitting = Crypto(2, Suite.AES_128_SHA1_80, b"k" * 30)
    agreed = complete(out, offer("m=audio 6000 RTP/AVP 8", f"a=crypto:{fitting}"), Srtp.PREFERRED)
    assert agreed.secured == Secured(keys(out.media[0])[1], fitting)
    assert complete(out, offer("m=audio 6000 RTP/AVP 8"), Srtp.PREFERRED).secured is None
    for policy, line in ((Srtp.REQUIRED, "a=x"), (Srtp.PREFERRED, KEY)):
        with pytest.raises(NoCommonProtection):
            complete(out, offer("m=audio 6000 RTP/AVP 8", line), policy)


def test_later_offer_of_ours_keeps_profile_and_keys() -> None:
    last, agreed = answer(offer("m=audio 6000 RTP/SAVP 8", KEY), OURS, 4000, 1, 1, security=secure(Srtp.PREFERRED))
    again = make_offer(OURS, 4000, 1, 2, SEND, last=last, security=secure(Srtp.PREFERRED, agreed.secured))
    assert (again.media[0].protocol, keys(again.media[0])) == ("RTP/SAVP", [agreed.secured and agreed.secured.sent])


def test_offer_in_a_standing_session_keeps_lines_and_numbers() -> None:
    last, _ = answered(offer("m=video 6002 RTP/AVP 31", *PHONE))
    again = make_offer(OURS, 4000, 1, 2, SEND, last=last)
    assert [(media.kind, media.port, media.formats) for media in again.media] == [
        ("video", 0, ("31",)),
        ("audio", 4000, ("8", "0", "96")),
    ]
    agreed = complete(again, offer("m=video 0 RTP/AVP 31", *PHONE, "a=recvonly"))
    assert (agreed.port, agreed.dtmf_receive_type, agreed.direction) == (6000, 96, SEND)


def test_version_rises_only_when_something_changed() -> None:
    first = make_offer(OURS, 4000, 1, 5)
    assert next_version(first, make_offer(OURS, 4000, 9, 9)) is first
    held = next_version(first, make_offer(OURS, 4000, 9, 9, SEND))
    assert (held.origin.session_id, held.origin.version, held.media[0].attribute("sendonly")) == (1, 6, "")


@given(
    st.permutations(["PCMA", "PCMU"]).flatmap(lambda names: st.sampled_from([names, names[:1]])),
    st.permutations(["PCMA", "PCMU"]).flatmap(lambda names: st.sampled_from([names, names[:1]])),
    st.booleans(),
    st.booleans(),
    st.sampled_from(Direction),
    st.sampled_from(Direction),
)
def test_both_sides_of_a_negotiation_agree(
    mine: list[str], yours: list[str], events: bool, mux: bool, wanted: Direction, offered: Direction
) -> None:
    caller = Capabilities("192.0.2.1", tuple(mine), events, rtcp_mux=mux)
    callee = Capabilities("192.0.2.2", tuple(yours), rtcp_mux=True)
    out = make_offer(caller, 4000, 1, 1, offered)
    if not set(mine) & set(yours):
        with pytest.raises(NoCommonCodec):
            answer(out, callee, 5000, 2, 1, wanted)
        return
    back, theirs = answer(parse(str(out)), callee, 5000, 2, 1, wanted)
    ours = complete(out, parse(str(back)))
    assert (ours.codec, ours.rtcp_mux) == (theirs.codec, theirs.rtcp_mux)
    assert ours.dtmf_payload_type == theirs.dtmf_receive_type == ours.dtmf_receive_type
    assert (ours.direction.sends, ours.direction.receives) == (theirs.direction.receives, theirs.direction.sends)
    assert (ours.port, theirs.port) == (5000, 4000)


@st.composite
def odd_offers(draw: st.DrawFn) -> str:
    lines = [
        *PHONE,
        "a=ptime:20",
        "a=rtcp:7000",
        "a=rtcp-mux",
        "a=sendonly",
        "c=IN IP4 192.0.2.9",
        "m=video 1 RTP/AVP 31",
    ]
    text = "\r\n".join(("v=0", "o=peer 7 8 IN IP4 192.0.2.20", "c=IN IP4 192.0.2.20", *draw(st.permutations(lines))))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        piece = draw(st.sampled_from(["", " ", ":", "/", "0", "999999", "\r\n", "x", "\u0663", "-"]))
        text = text[:at] + piece + text[at + draw(st.integers(0, 4)) :]
    return text


@settings(max_examples=300, deadline=None)
@given(odd_offers())
def test_odd_offer_is_answered_or_refused_and_nothing_else(text: str) -> None:
    try:
        description = parse(text)
        answer_to_it, agreed = answered(description)
    except SdpError:
        return
    assert parse(str(answer_to_it)) == answer_to_it
    assert len(answer_to_it.media) == len(description.media)
    assert 0 < agreed.port <= 65535
    assert 0 < agreed.rtcp_port <= 65535
    assert sum(media.port > 0 for media in answer_to_it.media) == 1
