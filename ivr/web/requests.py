"""What is asked of a web service, and what it answers: known without the library that asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.web.addresses import Network


@dataclass(frozen=True, slots=True)
class WebService:
    """How a service is reached. `url` has no query; `headers` hold secrets; `ca`: a file of authorities, or empty.

    `failures` in a row make that nobody is let through for `rest_s`; `repeats_posts`: a POST may be sent again.
    """

    name: str
    url: str
    networks: tuple[Network, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str = ""
    timeout_s: float = 3.0
    most_bytes: int = 65_536
    at_once: int = 64
    failures: int = 5
    rest_s: float = 10.0
    repeats_posts: bool = False


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A GET, or with `pii_body` a POST of JSON. `path` is percent-encoded and added to the service's URL."""

    path: str = ""
    pii_body: bytes | None = field(default=None, repr=False)
    pii_headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Body:
    """What a service answered with a status of success."""

    pii_body: bytes = field(repr=False)
