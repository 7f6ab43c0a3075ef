from dataclasses import replace

import pytest

from rtp.rtpengine.sides import listener, phone, silence
from sdp.description import SessionDescription, parse
from sdp.negotiation import Agreed, Codec, Direction

AGREED = Agreed("192.0.2.7", 4000, Codec("PCMU", 0), 0, 96, 96, Direction.SENDRECV, 30, False, 4007)  # noqa: FBT003


def read(text: str) -> SessionDescription:
    assert text.endswith("\r\n")
    return parse(text)


def test_the_phone_is_described_as_it_was_agreed_with() -> None:
    described = read(phone(AGREED))
    media = described.media[0]
    assert (described.address_of(media), media.port, media.formats) == ("192.0.2.7", 4000, ("0", "96"))
    assert {n: m.name for n, m in media.rtp_maps().items()} == {0: "PCMU", 96: "TELEPHONE-EVENT"}
    assert (media.attribute("ptime"), media.attribute("rtcp"), media.attribute("sendrecv")) == ("30", "4007", "")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Direction.SENDONLY, "recvonly"),
        (Direction.RECVONLY, "sendonly"),
        (Direction.INACTIVE, "inactive"),
        (Direction.SENDRECV, "sendrecv"),
    ],
)
def test_a_direction_is_seen_from_the_other_side(ours: Direction, theirs: str) -> None:
    assert read(phone(replace(AGREED, direction=ours))).media[0].attribute(theirs) == ""


def test_a_phone_without_telephone_events_is_described_without_them() -> None:
    agreed = replace(AGREED, address="2001:db8::7", dtmf_payload_type=None, dtmf_receive_type=None)
    described = read(phone(agreed))
    assert (described.connection, described.media[0].formats) == ("2001:db8::7", ("0",))


def test_of_two_numbers_for_events_the_one_that_is_heard_counts() -> None:
    assert read(phone(replace(AGREED, dtmf_payload_type=97))).media[0].formats == ("0", "96")
    assert read(phone(replace(AGREED, dtmf_receive_type=None))).media[0].formats == ("0", "96")


def test_silence_speaks_what_the_leg_speaks_and_hears_nothing() -> None:
    before, after = read(silence(None)).media[0], read(silence(AGREED)).media[0]
    assert (before.formats, after.formats) == (("8", "0", "101"), ("0", "96"))
    assert (before.attribute("sendonly"), after.attribute("sendonly")) == ("", "")


def test_a_listener_takes_all_that_is_offered() -> None:
    described = read(listener(("127.0.0.1", 5000), {8: "PCMA", 101: "TELEPHONE-EVENT"}))
    media = described.media[0]
    assert (media.port, media.formats, media.attribute("recvonly")) == (5000, ("8", "101"), "")
