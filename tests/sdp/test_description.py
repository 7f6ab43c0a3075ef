"""Session descriptions: read, written, refused."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdp.description import (
    MAX_FORMATS,
    MAX_LINES,
    MAX_MEDIA,
    Attribute,
    Media,
    Origin,
    SessionDescription,
    _parse_attribute,
    _parse_rtpmap,
    parse,
)
from sdp.errors import SdpError

# RFC 8866 §5
EXAMPLE = """v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
t=0 0
m=audio 49170 RTP/AVP 0
m=audio 49180 RTP/AVP 0
m=video 51372 RTP/AVP 99
c=IN IP6 2001:db8::2
a=rtpmap:99 h263-1998/90000
""".replace("\n", "\r\n")

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"


def test_example_of_rfc_8866_reads_and_writes_back_as_printed() -> None:
    description = parse(EXAMPLE)
    assert str(description) == EXAMPLE
    assert description.origin == Origin("jdoe", 3724394400, 3724394405, "198.51.100.1")
    assert [media.kind for media in description.media] == ["audio", "audio", "video"]
    assert description.address_of(description.media[0]) == "198.51.100.1"
    assert description.address_of(description.media[2]) == "2001:db8::2"
    assert description.media[2].rtp_maps()[99].name == "H263-1998"


def test_bytes_read_as_text_and_latin_1_where_they_are_no_utf_8() -> None:
    assert parse(EXAMPLE.encode()) == parse(EXAMPLE)
    assert parse(HEAD.replace("s=-", "s=Bj\xf8rn").encode("latin-1")).name == "Bjørn"


def test_lines_may_end_in_bare_lf_and_s_and_t_may_miss() -> None:
    description = parse("v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 8\n")
    assert (description.name, description.others, description.media[0].port) == ("-", (), 4000)


def test_flags_and_values_are_told_apart() -> None:
    description = parse(HEAD + "a=inactive\r\na=tool:x\r\nm=audio 4000/2 RTP/AVP 8\r\ni=title\r\na=rtcp-mux\r\n")
    assert (description.attribute("inactive"), description.attribute("tool")) == ("", "x")
    assert (description.attribute("none"), description.media[0].attribute("rtcp-mux")) == (None, "")
    assert (description.media[0].port_count, description.media[0].others) == (2, (("i", "title"),))
    assert "m=audio 4000/2 RTP/AVP 8\r\ni=title\r\na=rtcp-mux\r\n" in str(description)


def test_ttl_and_number_of_a_group_are_left_out_and_the_first_of_several_addresses_counts() -> None:
    description = parse(
        HEAD + "c=IN IP4 233.252.0.1/127/3\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 x\r\n"
    )
    assert (description.connection, description.media[0].connection) == ("233.252.0.1", "192.0.2.1")


def test_bounds_are_inclusive() -> None:
    assert len(parse(HEAD + "a=x\r\n" * (MAX_LINES - 3)).attributes) == MAX_LINES - 3
    assert len(parse(HEAD + "m=audio 0 RTP/AVP 0\r\n" * MAX_MEDIA).media) == MAX_MEDIA
    assert len(parse(HEAD + "m=audio 65535 RTP/AVP" + " 0" * MAX_FORMATS).media[0].formats) == MAX_FORMATS


def test_unknown_letters_and_malformed_rtpmaps_are_passed_over() -> None:
    description = parse(HEAD + "y=1\r\nm=audio 4000 RTP/AVP 8\r\na=rtpmap:x\r\na=rtpmap\r\na=rtpmap:8 PCMA/8000/1\r\n")
    assert [found.name for found in description.media[0].rtp_maps().values()] == ["PCMA"]
    assert description.media[0].rtp_maps()[8].channels == 1


def test_keys_are_read_and_not_remembered() -> None:
    before = _parse_attribute.cache_info().misses
    description = parse(HEAD + "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 never seen before\r\n")
    assert description.media[0].attribute("crypto") == "1 never seen before"
    assert _parse_attribute.cache_info().misses == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\n",
        "o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n",
        "m=audio 1 RTP/AVP 0\r\nv=0\r\n",
        "v=0\r\n",
        "v=0\r\no=- x 1 IN IP4 192.0.2.1\r\n",
        "v=0\r\no=- 1 1 IN IP5 192.0.2.1\r\n",
        HEAD + "c=IN IP4\r\n",
        HEAD + "c=ATM 1\r\n",
        HEAD + "m=audio\r\n",
        HEAD + "m=audio 65536 RTP/AVP 0\r\n",
        HEAD + "m=audio -1 RTP/AVP 0\r\n",
        HEAD + "m =video 3227 RTP/AVP 31\r\n",
        HEAD + "\r\na=x\r\n",
        HEAD + "noequals\r\n",
        HEAD + "A=x\r\n",
        HEAD + "a=x\ry\r\n",
        HEAD + "a=x\0y\r\n",
        HEAD + "a=x\r\n" * MAX_LINES,
        HEAD + "m=audio 0 RTP/AVP 0\r\n" * (MAX_MEDIA + 1),
        HEAD + "m=audio 0 RTP/AVP" + " 0" * (MAX_FORMATS + 1) + "\r\n",
    ],
)
def test_malformed_text_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(SdpError):
        parse(text)


N = 64 * 1024


@pytest.mark.parametrize(
    "tail",
    [
        "a=" + "x:" * N,
        "c=IN IP4 " + "1/" * N,
        "c=" + " " * N,
        "o=" + "1 " * N,
        "m=" + "a " * N,
        "m=audio 1 RTP/AVP" + " " * N,
        "m=audio 1 RTP/AVP " + "0 " * N,
        "m=audio 1 RTP/AVP 0\r\na=rtpmap:0 " + "a/" * N,
        "m=audio 1 RTP/AVP 0\r\na=rtpmap:0 x/8000" + " " * N,
        "\r\n" * N,
        "\n \n" * N,
    ],
)
def test_hostile_text_takes_linear_time(tail: str) -> None:
    begun_s = time.process_time()
    try:
        for media in parse(HEAD + tail).media:
            media.rtp_maps()
    except SdpError:
        pass
    assert time.process_time() - begun_s < 0.5


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: HEAD.encode() + tail))
def test_arbitrary_bytes_give_a_description_or_an_sdp_error(data: bytes) -> None:
    try:
        description = parse(data)
    except SdpError:
        return
    assert parse(str(description)) == parse(str(parse(str(description))))


WORD = st.text("abcxyz019-_./+", min_size=1, max_size=8)
ATTRIBUTE = st.builds(Attribute, WORD, st.none() | st.text("abc 0:;=/", max_size=10))
ADDRESS = st.ip_addresses().map(str)
MEDIA = st.builds(
    Media,
    WORD.filter(lambda kind: kind[0] != " "),
    st.integers(0, 65535),
    WORD,
    st.lists(WORD, max_size=4).map(tuple),
    st.none() | ADDRESS,
    st.lists(ATTRIBUTE, max_size=4).map(tuple),
    st.just((("i", "x"),)) | st.just(()),
    st.integers(1, 4),
)
DESCRIPTION = st.builds(
    SessionDescription,
    st.builds(Origin, WORD, st.integers(0, 2**63), st.integers(0, 2**63), ADDRESS),
    WORD,
    st.none() | ADDRESS,
    st.lists(MEDIA, max_size=3).map(tuple),
    st.lists(ATTRIBUTE, max_size=3).map(tuple),
    st.just((("e", "a@b"), ("b", "AS:64"), ("t", "0 0"), ("z", "0 0"))),
)


@settings(max_examples=200, deadline=None)
@given(DESCRIPTION)
def test_what_is_written_reads_back_the_same(description: SessionDescription) -> None:
    assert parse(str(description)) == description


def test_long_lines_are_read_and_not_kept_in_memory() -> None:
    for cache in (_parse_attribute, _parse_rtpmap):
        cache.cache_clear()
    long = "x" * 60_000
    (media,) = parse(f"{HEAD}m=audio 4 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000 {long}\r\na=x:{long}\r\n").media
    assert (media.attribute("x"), media.rtp_maps()) == (long, {})
    assert (_parse_attribute.cache_info().currsize, _parse_rtpmap.cache_info().currsize) == (0, 0)
