import pytest

from sip.validation import Refusal, refusal
from tests.sip.raw import raw, request

METHODS = frozenset(("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER"))


def checked(data: bytes) -> Refusal | None:
    return refusal(request(data), METHODS)


def test_ordinary_requests_pass() -> None:
    assert checked(raw("INVITE")) is None
    assert checked(raw("INVITE", "Content-Type: application/sdp;charset=utf-8", body="v=0\r\n")) is None
    assert checked(raw("INVITE", uri="tel:+4755553333")) is None
    assert checked(raw("BYE", "Content-Type: text/plain", body="why")) is None
    assert checked(raw("INVITE", "Require: ")) is None


@pytest.mark.parametrize("method", ["INFO", "PRACK", "REFER", "UPDATE", "SUBSCRIBE"])
def test_method_of_the_rfcs_that_is_not_served_is_not_allowed(method: str) -> None:
    assert checked(raw(method)) == Refusal(405, (("Allow", "ACK, BYE, CANCEL, INVITE, OPTIONS, REGISTER"),))


def test_method_that_nobody_knows_is_not_implemented() -> None:
    refused = checked(raw("NEWMETHOD"))
    assert refused is not None
    assert refused.status == 501
    assert refused.headers[0][0] == "Allow"


@pytest.mark.parametrize("uri", ["sips:600@192.0.2.1", "mailto:a@b.no", "urn:service:sos"])
def test_scheme_that_is_not_served_gets_416(uri: str) -> None:
    assert checked(raw("INVITE", uri=uri)) == Refusal(416)


def test_extensions_that_are_required_are_named() -> None:
    assert checked(raw("INVITE", "Require: 100rel, foo", "Require: bar")) == Refusal(
        420, (("Unsupported", "100rel, foo, bar"),)
    )


def test_extensions_that_are_supported_may_be_required() -> None:
    extended = request(raw("INVITE", "Require: Timer, foo"))
    assert refusal(extended, METHODS, frozenset(("timer",))) == Refusal(420, (("Unsupported", "foo"),))
    assert refusal(request(raw("INVITE", "Require: timer")), METHODS, frozenset(("timer",))) is None


def test_body_that_is_no_session_description_gets_415() -> None:
    refused = Refusal(415, (("Accept", "application/sdp"),))
    assert checked(raw("INVITE", "Content-Type: text/plain", body="hello")) == refused
    assert checked(raw("INVITE", body="hello")) == refused


def test_body_that_may_be_ignored_is() -> None:
    headers = ("Content-Type: text/plain", "Content-Disposition: session; handling=optional")
    assert checked(raw("INVITE", *headers, body="hello")) is None


def test_encoded_body_gets_415() -> None:
    headers = ("Content-Type: application/sdp", "Content-Encoding: gzip")
    assert checked(raw("INVITE", *headers, body="xx")) == Refusal(415, (("Accept-Encoding", "identity"),))
    headers = ("Content-Type: application/sdp", "Content-Encoding: Identity")
    assert checked(raw("INVITE", *headers, body="v=0")) is None


@pytest.mark.parametrize("accept", ["text/plain", "", "application/sdpx, text/*;q=0.5"])
def test_call_that_takes_no_session_description_in_the_answer_gets_406(accept: str) -> None:
    assert checked(raw("INVITE", f"Accept: {accept}")) == Refusal(406)
    assert checked(raw("OPTIONS", f"Accept: {accept}")) is None


@pytest.mark.parametrize("accept", ["text/plain, Application/SDP;level=1", "application/ *", "*/*;q=0.1"])
def test_call_that_takes_a_session_description_among_others_passes(accept: str) -> None:
    assert checked(raw("INVITE", "Accept: text/html", f"Accept: {accept}")) is None


@pytest.mark.parametrize("to", ["<tel:+4755553333>", "isbn:2983792873"])
def test_address_of_record_that_is_no_sip_uri_is_a_bad_request(to: str) -> None:
    assert checked(raw("REGISTER", to=to)) == Refusal(400)
    assert checked(raw("REGISTER", to="<sips:anna@nav.example>")) is None
