"""Answers to a peer that asks who we are (RFC 3261 §22.2, §22.3): for the realm that is configured for it alone."""

from __future__ import annotations

from ipaddress import ip_address

from sip.config import Account, Address, CoreConfig
from sip.message.auth import authorize, choose, read_challenges, read_credentials
from sip.message.message import Request, Response


def account_at(
    config: CoreConfig, destination: Address, trunk: str = "", *, host: str = "", meant: str = ""
) -> Account | None:
    """What the trunk at that address knows us by. `trunk`: the one for which a look-up of `host` has led there last.

    `meant`: whose call it is. That one counts where it is there too: a carrier may know us by two accounts.
    """
    address = ip_address(destination.host.partition("%")[0])
    there = [one for one in config.trunks if any(address in network for network in one.networks)]
    for one in config.trunks:
        named = bool(host) and one.address is not None and one.address.host == host
        if one.name == meant and (named or one in there):
            return one.account
    if trunk:
        return next((one.account for one in config.trunks if one.name == trunk), None)
    return there[0].account if there else None


def proof(request: Request, response: Response, account: Account | None, cnonce: str) -> tuple[str, str] | None:
    """The header that answers the 401 or 407 to `request`. None for another realm, and for a proof that was refused.

    A proof is made anew only where the peer says that its nonce alone was stale: the password was right.
    """
    proxy = response.status == 407
    name = "Proxy-Authorization" if proxy else "Authorization"
    lines = response.headers.get_all("Proxy-Authenticate" if proxy else "WWW-Authenticate")
    if account is None:
        return None
    challenge = choose(one for one in read_challenges(lines) if one.realm == account.realm)
    given = read_credentials(request.headers.get_all(name))
    if challenge is None or (given and (not challenge.stale or given[0].nonce == challenge.nonce)):
        return None
    answer = authorize(
        challenge,
        username=account.user,
        password=account.password,
        method=request.method,
        uri=str(request.uri),
        cnonce=cnonce,
    )
    return name, str(answer)
