import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtp.rtpengine import ng
from rtp.rtpengine.bencode import Value, decode, encode
from rtp.rtpengine.ng import KeyPress, NgError

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n"


def test_a_command_goes_out_under_its_cookie() -> None:
    cookie, _, body = ng.datagram("c00kie", ng.offer("call", "a~", "v=0", "a")).partition(b" ")
    assert cookie == b"c00kie"
    assert decode(body) == {
        "command": b"offer",
        "call-id": b"call",
        "from-tag": b"a~",
        "to-tag": b"a",
        "sdp": b"v=0",
        "flags": [b"port-latching", b"strict-source"],
        "codec": {"transcode": [b"PCMA", b"PCMU"]},
    }


def test_what_is_not_said_is_not_sent() -> None:
    assert "to-tag" not in ng.offer("call", "a", "v=0")
    assert "from-tag" not in ng.delete("call")
    assert ng.delete("call", "a")["from-tag"] == "a"
    assert "repeat-times" not in ng.play("call", "a", "/x")
    assert ng.play("call", "a", "/x", loop=True)["repeat-times"] == ng.ENDLESS


@pytest.mark.parametrize(
    ("command", "name", "tag"),
    [
        (ng.ping(), "ping", None),
        (ng.query("c"), "query", None),
        (ng.answer("c", "a~", "a", "v=0"), "answer", "a~"),
        (ng.stop("c", "a"), "stop media", "a"),
        (ng.block("c", "a"), "block media", "a"),
        (ng.unblock("c", "a"), "unblock media", "a"),
        (ng.subscribe("c", "a"), "subscribe request", "a"),
        (ng.subscribed("c", "s", "v=0"), "subscribe answer", None),
        (ng.unsubscribe("c", "s"), "unsubscribe", None),
    ],
)
def test_every_command_has_its_name_and_whom_it_is_about(command: ng.Command, name: str, tag: str | None) -> None:
    assert (command["command"], command.get("from-tag")) == (name, tag)
    assert command.get("call-id", "c") == "c"


def test_a_reply_is_told_by_its_cookie() -> None:
    cookie, said = ng.reply(b"17 " + encode({"result": "pong"}))
    assert (cookie, ng.text(ng.result(said), "result")) == ("17", "pong")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "cookie"), (b"x" * 65 + b" de", "cookie"), (b"1 x", "bencoded"), (b"1 i1e", "no dictionary")],
)
def test_what_is_no_reply_is_an_error(data: bytes, reason: str) -> None:
    with pytest.raises(NgError, match=reason):
        ng.reply(data)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"result": b"error", "error-reason": b"Unknown call-id"}, "Unknown call-id"),
        ({"result": b"load limit", "message": b"too many sessions"}, "too many sessions"),
        ({"result": b"load limit"}, "load limit"),
        ({}, "no result"),
    ],
)
def test_a_refusal_says_why(said: ng.Reply, reason: str) -> None:
    with pytest.raises(NgError) as error:
        ng.result(said)
    assert error.value.reason == reason


def test_the_place_and_the_codecs_are_those_of_the_description() -> None:
    said: ng.Reply = {"sdp": (SDP + "a=rtpmap:8 PCMA/8000\r\n").encode()}
    assert ng.place(said) == ("192.0.2.1", 30_000)
    assert ng.offered(said) == {8: "PCMA"}


@pytest.mark.parametrize("sdp", ["", "nonsense", SDP.partition("m=")[0], SDP.replace("30000", "0")])
def test_a_reply_without_a_place_is_an_error(sdp: str) -> None:
    with pytest.raises(NgError, match="description"):
        ng.place({"sdp": sdp.encode()})


def test_packets_are_counted_by_tag_and_only_those_of_rtp() -> None:
    streams: list[Value] = [{"stats": {"packets": 7}}, {"stats": {"packets": 99}}]
    said: ng.Reply = {"tags": {"a": {"medias": [{"streams": streams}]}, "b": {"medias": []}, "c": 1}}
    assert ng.received(said) == {"a": 7, "b": 0, "c": 0}
    assert ng.received({}) == {}


@pytest.mark.parametrize("medias", [1, [1], [{}], [{"streams": []}], [{"streams": [1]}], [{"streams": [{"stats": 1}]}]])
def test_a_party_that_is_described_otherwise_counts_nothing(medias: Value) -> None:
    assert ng.received({"tags": {"a": {"medias": medias}}}) == {"a": 0}


def pressed(**values: object) -> bytes:
    return json.dumps(
        {"callid": "c", "source_tag": "a", "type": "DTMF", "event": 11, "duration": 100, **values}
    ).encode()


def test_a_key_is_read_from_the_log() -> None:
    assert ng.key_press(pressed()) == KeyPress("c", "a", "#", 100)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[1]",
        b"[" * 100_000,
        pressed(type="x"),
        pressed(event=16),
        pressed(event=-1),
        pressed(event="1"),
        pressed(source_tag=None),
    ],
)
def test_what_is_no_key_is_none(data: bytes) -> None:
    assert ng.key_press(data) is None


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_nothing_but_its_own_error_comes_of_any_reply(data: bytes) -> None:
    try:
        _, said = ng.reply(data)
        ng.result(said)
    except NgError:
        pass
