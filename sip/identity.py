"""Who calls, and whom they meant to call: RFC 3325, 3323, 5806 and 7044, as far as the peer that says so is trusted.

Nothing is granted by any of it. What a stranger asserts is not even read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sip.errors import ParseError
from sip.message.address import NameAddr
from sip.message.message import Request
from sip.message.uri import SipUri, TelUri, Uri

_MOST_VALUES = 20
_WITHHOLDING = frozenset(("id", "user", "header"))
_NUMBER = re.compile(r"\+?[0-9A-Za-z*#._-]{1,40}")
_INDEX = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,10}")


@dataclass(frozen=True, slots=True)
class Identity:
    """`pii_caller`: escaped as in a URI, empty where nobody says or it is `withheld`; `asserted`: the peer vouches for
    it. `pii_diverted_from`: the number that the caller dialled first, before the call was diverted to us; plain, empty
    where nobody says.
    """

    pii_caller: str = ""
    withheld: bool = False
    pii_diverted_from: str = ""
    asserted: bool = False


def identify(request: Request, *, trusted: bool) -> Identity:
    """`trusted`: the peer is in our trust domain (RFC 3325 §2.4). A wish to be unknown counts from everybody."""
    wishes = _privacy(request)
    legacy = _legacy(request) if trusted and not request.asserted_identities else None
    withheld = bool(wishes & _WITHHOLDING) or (legacy is not None and legacy.param("privacy") in ("full", "uri"))
    diverted = _diverted_from(request, wishes) if trusted else ""
    if withheld:
        return Identity("", withheld=True, pii_diverted_from=diverted)
    asserted = _asserted(request) if trusted else ""
    if not asserted and legacy is not None:
        asserted = _user(legacy.uri)
    return Identity(asserted or _claimed(request), pii_diverted_from=diverted, asserted=bool(asserted))


def _privacy(request: Request) -> set[str]:
    """RFC 3323 §4.2; several lines and commas are read like the semicolons that the grammar has."""
    text = ";".join(request.headers.get_all("Privacy")[:_MOST_VALUES]).lower()
    return {one.strip(" \t") for one in text.replace(",", ";").split(";")}


def _asserted(request: Request) -> str:
    """At most one SIP and one tel URI (RFC 3325 §9.1): of more, nobody knows which is meant. The number comes first."""
    uris = [one.uri for one in request.asserted_identities]
    tels = [uri for uri in uris if isinstance(uri, TelUri)]
    sips = [uri for uri in uris if isinstance(uri, SipUri)]
    if len(tels) > 1 or len(sips) > 1 or len(tels) + len(sips) != len(uris):
        return ""
    both: list[Uri] = [*tels, *sips]
    return next((user for uri in both if (user := _user(uri))), "")


def _legacy(request: Request) -> NameAddr | None:
    """Remote-Party-ID of the calling side (draft-ietf-sip-privacy-04), unless its sender does not vouch for it."""
    for one in _addresses(request, "Remote-Party-Id"):
        if (one.param("party") or "calling") == "calling" and one.param("screen") != "no":
            return one
    return None


def _claimed(request: Request) -> str:
    """From, by which nobody may be told from anybody else."""
    return _user(request.from_.uri)


def _diverted_from(request: Request, wishes: set[str]) -> str:
    """The first target: at the bottom of Diversion (RFC 5806 §5), or the entry 1 of History-Info (RFC 7044 §9)."""
    diversions = _addresses(request, "Diversion")
    if diversions:
        first = diversions[-1]
        return "" if first.param("privacy") in ("full", "name", "uri") else _number(first.uri)
    entries = [one for one in _addresses(request, "History-Info") if _INDEX.fullmatch(one.param("index") or "")]
    if len(entries) < 2 or "history" in wishes:
        return ""
    first = min(entries, key=lambda one: [int(part) for part in (one.param("index") or "").split(".")])
    hidden = isinstance(first.uri, SipUri) and any(name.lower() == "privacy" for name, _ in first.uri.headers)
    return "" if hidden else _number(first.uri)


def _addresses(request: Request, name: str) -> list[NameAddr]:
    """Of a header that may be malformed, which is as if it was not there; of too many the first."""
    try:
        return NameAddr.parse_list(request.headers.get_all(name)[:_MOST_VALUES])[:_MOST_VALUES]
    except ParseError:
        return []


def _user(uri: Uri) -> str:
    """The user part as written in a URI, without parameters of its own (RFC 3966 §5.1.5)."""
    if isinstance(uri, TelUri):
        return uri.digits
    if not isinstance(uri, SipUri) or uri.host.lower() == "anonymous.invalid":
        return ""
    user = uri.user.partition(";")[0]
    return "" if user.lower() == "anonymous" else user


def _number(uri: Uri) -> str:
    """A number, or a name that may stand in one's place; nothing that could be taken for anything else."""
    user = uri.user_text.partition(";")[0] if isinstance(uri, SipUri) else _user(uri)
    return user if _NUMBER.fullmatch(user) else ""
