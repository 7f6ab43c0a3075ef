"""Requests that follow from another one: ACK to a failure, CANCEL, a repeat with credentials."""

from collections.abc import Iterable

from sip.message.headers import Headers
from sip.message.message import Request, Response

MAX_FORWARDS = "70"

HeaderLines = Iterable[tuple[str, str]]


def acknowledgement(request: Request, response: Response) -> Request:
    """The ACK of the transaction itself, for a final response other than 2xx (RFC 3261 §17.1.1.3)."""
    return _alongside(request, "ACK", response.headers.get("To") or "")


def cancellation(request: Request, headers: HeaderLines = ()) -> Request:
    """RFC 3261 §9.1: same branch, so that every hop finds what is cancelled."""
    cancel = _alongside(request, "CANCEL", request.headers.get("To") or "")
    for name, value in headers:
        cancel.headers.add(name, value)
    return cancel


def again(request: Request, via: str, headers: Iterable[tuple[str, str]], cseq: int | None = None) -> Request:
    """The same request as a new one, with `headers` in the place of those of their names (RFC 3261 §8.1.3.5).

    `cseq`: within a dialog, where other requests may have gone out since.
    """
    built = Headers(request.headers.items())
    built.set("Via", via)
    built.set("CSeq", f"{cseq or request.cseq.number + 1} {request.method}")
    for name, value in headers:
        built.set(name, value)
    return Request(request.method, request.uri, built, request.body)


def credentials(request: Request) -> HeaderLines:
    """What proves who sent an INVITE, which the ACK to its 2xx says too (RFC 3261 §13.2.2.4)."""
    return [line for line in request.headers.items() if line[0] in ("Authorization", "Proxy-Authorization")]


def _alongside(request: Request, method: str, to: str) -> Request:
    headers = Headers()
    headers.add("Via", str(request.via))
    headers.add("Max-Forwards", MAX_FORWARDS)
    headers.add("From", request.headers.get("From") or "")
    headers.add("To", to)
    headers.add("Call-ID", request.call_id)
    headers.add("CSeq", f"{request.cseq.number} {method}")
    for route in request.headers.get_all("Route"):
        headers.add("Route", route)
    return Request(method, request.uri, headers)
