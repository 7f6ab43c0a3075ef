"""Which Contacts of a 3xx are followed: those of a named trunk, to itself or where its configuration allows it, and for
the number that was dialled (RFC 3261 §8.1.3.4, §21.3). Whoever may send our calls elsewhere may run up our bill.
"""

from __future__ import annotations

from dataclasses import dataclass

from sip.config import Trunk
from sip.message.address import NameAddr
from sip.message.message import Request, Response
from sip.message.uri import SipUri
from sip.resolution import address_of

_USE_PROXY = 305
_AMBIGUOUS_ALTERNATIVES = 380


@dataclass(frozen=True, slots=True)
class Redirect:
    """`uri`: the new Request-URI, None where the old one stays. `hop`: whose host is to be found."""

    uri: SipUri | None
    hop: SipUri


def redirects(request: Request, response: Response, trunk: Trunk) -> list[Redirect]:
    """What may be followed of the Contacts, most wanted first."""
    if response.status == _AMBIGUOUS_ALTERNATIVES:
        return []  # other services than the call that was asked for (§21.3.5)
    asked = request.uri
    if not isinstance(asked, SipUri):
        return []
    found = []
    for contact in sorted(response.contacts, key=_wanted, reverse=True):
        uri = contact.uri
        if not isinstance(uri, SipUri) or not _may_lead_to(uri, trunk):
            continue
        if asked.scheme == "sips" and uri.scheme != "sips":
            continue
        place = _place(uri)
        if response.status == _USE_PROXY:
            found.append(Redirect(None, place))
        elif _may_be_dialled(uri, asked, trunk):
            found.append(Redirect(place, _first_route(request) or place))
    return found


def _place(uri: SipUri) -> SipUri:
    """Without headers, method, and whatever else a Contact may carry (§19.1.5)."""
    params = tuple((name, value) for name, value in uri.params if name.lower() in ("transport", "user"))
    return SipUri(uri.user, uri.host, uri.port, uri.scheme, params=params)


def _may_lead_to(uri: SipUri, trunk: Trunk) -> bool:
    if uri.param("maddr") is not None:
        return False
    host = uri.host.lower()
    own = trunk.address.host.lower() if trunk.address is not None else ""
    if host == own or host in trunk.outwards.redirects:
        return True
    address = address_of(host)
    return address is not None and any(address in network for network in trunk.networks)


def _may_be_dialled(uri: SipUri, asked: SipUri, trunk: Trunk) -> bool:
    """The same number, whatever its parameters say of routing (RFC 4694), or one that the trunk may send us to."""
    number = uri.user_text.partition(";")[0]
    return number == asked.user_text.partition(";")[0] or (
        number.removeprefix("+").isalnum() and number.startswith(trunk.outwards.redirect_prefixes or ("\0",))
    )


def _first_route(request: Request) -> SipUri | None:
    route = request.route
    uri = route[0].uri if route else None
    return uri if isinstance(uri, SipUri) else None


def _wanted(contact: NameAddr) -> float:
    """q, 1 where it is missing, 0 where it is none."""
    text = contact.param("q")
    if text is None:
        return 1.0
    try:
        q = float(text)
    except ValueError:
        return 0.0
    return q if 0.0 <= q <= 1.0 else 0.0
