"""Where an MQTT broker is, and how topics are written: known without the library that talks to it."""

import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
"""The pauses between tries to connect."""


class BrokerUrlError(ValueError):
    """A broker's address that cannot be read; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the MQTT broker is."""

    host: str
    port: int = 1883
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str = ""
    """File of the authorities that vouch for its certificate; empty: the system's."""

    @classmethod
    def from_url(cls, url: str, ca: str = "") -> "Broker":
        """Reads `mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS. Raises BrokerUrlError."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == 0:
            raise BrokerUrlError("the MQTT broker's address is not of the form mqtt://[user:password@]host[:port]")
        tls = parts.scheme == "mqtts"
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, port or (8883 if tls else 1883), tls, username, password, ca)

    def context(self) -> ssl.SSLContext | None:
        """None without TLS."""
        return ssl.create_default_context(cafile=self.ca or None) if self.tls else None


def topic_level(name: str) -> str:
    """`name` as one level of a topic: MQTT keeps `/`, `+`, `#` and control characters for itself."""
    return re.sub(r"[/+#\x00-\x1f\x7f]", "_", name) or "_"
