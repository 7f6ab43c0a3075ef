"""From what stands on the command line to an account at a server and a number."""

import json
from pathlib import Path

from sip.errors import SipError
from sip.message.uri import SipUri
from svar.phones.phone_call import Account
from svar.phones.units import SIP_PORT, host_and_port, resolved


def account(user: str, target: str, password: str = "") -> Account:
    """Raises ValueError when the target is no address or its name is not known."""
    host, port = host_and_port(target)
    domain = SipUri(user="", host=host, port=None if port == SIP_PORT else port)
    return Account(user, resolved(host, port), domain, password)


def number_and_target(number: str, target: str) -> tuple[str, str]:
    """A number goes to `target`; `sip:600@host:port` names its own. Raises ValueError."""
    if not number.startswith("sip:"):
        return number, target
    try:
        uri = SipUri.parse(number)
    except SipError as fault:
        raise ValueError(f"{number!r} is no SIP address: {fault}") from fault
    host = f"[{uri.host}]" if ":" in uri.host else uri.host
    return uri.user, f"{host}:{uri.port or SIP_PORT}"


def password_of(user: str, password_file: Path | None, state: Path) -> str:
    """From a file that holds nothing else, or from a server's state folder beside us; empty when there is none.

    Raises OSError and ValueError for a file that was named and cannot be used.
    """
    if password_file is not None:
        return password_file.read_text().strip()
    kept = state / "agents.json"
    if not kept.exists():
        return ""
    try:
        password = json.loads(kept.read_text()).get(user, "")
    except (OSError, ValueError) as fault:
        raise ValueError(f"{kept}: {fault}; name a --password-file") from fault
    if not isinstance(password, str):
        raise ValueError(f"{kept} has only what is kept of {user}'s password; name a --password-file")
    return password
