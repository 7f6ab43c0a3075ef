"""What people write on the command line: lengths of time, addresses."""

import re
import socket

from sip.config import Address

_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
SIP_PORT = 5060


def seconds(text: str) -> float:
    """`3s`, `500ms`, `2m` or `1.5` (seconds). Raises ValueError."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no length of time; write 3s, 500ms or 2m")
    return float(found[1]) * _SECONDS[found[2]]


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `HOST`, or `[2001:db8::1]:5060`. Raises ValueError."""
    text = text.strip()
    host, port = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not host or not (port or "0").isdecimal() or int(port or 0) > 65535:
        raise ValueError(f"{text!r} is no address; write HOST:PORT")
    return host, int(port or SIP_PORT)


def resolved(host: str, port: int) -> Address:
    """The address to send to, IPv4 first. Raises ValueError when the name is not known."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as fault:
        raise ValueError(f"{host}: {fault.strerror or fault}") from fault
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    address = found[0][4]
    return Address(str(address[0]), int(address[1]))


def address_towards(peer: Address) -> str:
    """Our own address on the way to `peer`; nothing is sent. Raises ValueError when there is no way."""
    family = socket.AF_INET6 if ":" in peer.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(peer[:2])
        except OSError as fault:
            raise ValueError(f"no way to {peer.host}: {fault.strerror or fault}") from fault
        return str(probe.getsockname()[0])
