"""From the configured web services to the clients that ask them: `[[lookup]]` and `[sms]`."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ivr.web.addresses import may_reach, networks
from ivr.web.caps import Caps
from ivr.web.gateway import GatewayTexts, TextTerms, is_region
from ivr.web.lookups import WebLookups
from ivr.web.requests import WebService
from svar.config import Config, ConfigError, Lookup, Sms, WebHeaders

if TYPE_CHECKING:
    from ivr.web.service import WebClient

SMS = "sms"
LONGEST_MS = 30_000

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,2000}[\x21-\x7e])?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]++)*+")
_SLOT = re.compile(r"\{([a-z]+)\}")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,9}")
_SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|\+?[0-9]{3,15}")
_OURS = ("host", "connection", "content-length", "content-type", "transfer-encoding", "accept-encoding", "cookie", "te")
_SECRET = ("authorization", "proxy-authorization", "x-api-key", "api-key")
_MOST_SECRET_BYTES = 2048


def lookups(config: Config, environment: Mapping[str, str] = os.environ) -> WebLookups:
    """Inside the loop. Raises ConfigError for a secret, or authorities, that are not where they should be."""
    return WebLookups([_client(_service(one, environment)) for one in config.lookup])


def notices(config: Config, environment: Mapping[str, str] = os.environ) -> "dict[str, WebClient]":
    """The services that are told of reserves, by name. Inside the loop. Raises ConfigError as `lookups` does."""
    return {one.name: _client(_service(one, environment, "notice")) for one in config.notice}


def texts(config: Config, environment: Mapping[str, str] = os.environ) -> GatewayTexts | None:
    """Inside the loop; None where there is no gateway. Raises ConfigError as `lookups` does."""
    sms = config.sms
    if not sms.url:
        return None
    terms = TextTerms(sms.body, sms.sender, tuple(sms.prefixes), sms.region)
    return GatewayTexts(
        _client(_gateway(sms, environment)), terms, Caps(sms.caps.per_number_per_hour, sms.caps.per_minute)
    )


def opened(config: Config, stack: AsyncExitStack) -> tuple[WebLookups, GatewayTexts | None]:
    """Both, until `stack` is left. Raises ConfigError as they do."""
    asking = lookups(config)
    stack.push_async_callback(asking.close)
    sending = texts(config)
    if sending is not None:
        stack.push_async_callback(sending.close)
    return asking, sending


def mistakes(config: Config) -> Iterator[str]:
    """What the tables `[[lookup]]`, `[[notice]]` and `[sms]` cannot mean."""
    named = [(f"lookup {one.name!r}", one) for one in config.lookup]
    named += [(f"notice {one.name!r}", one) for one in config.notice]
    for what, one in named:
        if not _NAME.fullmatch(one.name):
            yield f"{what}: name: expected small letters, digits and '_', as names in flows are written"
        yield from _reach(what, one.url, one.networks)
        yield from _headers(what, one.headers)
        yield from _between(f"{what}: timeout_ms", one.timeout_ms, LONGEST_MS)
        yield from _between(f"{what}: limits.most_bytes", one.limits.most_bytes, 1_048_576)
        yield from _between(f"{what}: limits.at_once", one.limits.at_once, 1000)
        yield from _between(f"{what}: limits.failures", one.limits.failures, 1000)
        yield from _between(f"{what}: limits.rest_s", one.limits.rest_s, 3600)
    if config.sms.url:
        yield from _sms_mistakes(config.sms)


def files(config: Config, environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the secrets that the tables name; they are read as at the start."""
    works: list[Callable[[], WebService]] = [partial(_service, one, environment) for one in config.lookup]
    works += [partial(_service, one, environment, "notice") for one in config.notice]
    if config.sms.url:
        works.append(partial(_gateway, config.sms, environment))
    for work in works:
        try:
            service = work()
            if service.ca:
                Path(service.ca).read_bytes()
        except ConfigError as error:
            yield str(error)
        except OSError as error:
            yield f"ca: {error.filename}: {error.strerror}"


def _sms_mistakes(sms: Sms) -> Iterator[str]:
    yield from _reach("[sms]", sms.url, sms.networks)
    yield from _headers("[sms]", sms.headers)
    yield from _between("[sms] timeout_ms", sms.timeout_ms, LONGEST_MS)
    yield from _between("[sms] caps.per_number_per_hour", sms.caps.per_number_per_hour, 100)
    yield from _between("[sms] caps.per_minute", sms.caps.per_minute, 10_000)
    said = {slot for text in sms.body.values() for slot in _SLOT.findall(text)}
    if lacking := {"to", "text"} - said:
        yield f"[sms] body: no field says {{{'} and {'.join(sorted(lacking))}}}"
    if unknown := said - {"to", "text", "sender"}:
        yield f"[sms] body: {{{'} and {'.join(sorted(unknown))}}}: there are {{to}}, {{text}} and {{sender}}"
    if not _SENDER.fullmatch(sms.sender):
        yield f"[sms] sender = {sms.sender!r}: expected up to 11 letters and digits, or a number"
    if not is_region(sms.region):
        yield f"[sms] region = {sms.region!r}: expected a country's two letters, such as NO"
    if not sms.prefixes:
        yield '[sms] prefixes: expected how the numbers that messages may go to begin, such as ["+47"]'
    for prefix in sms.prefixes:
        if not _PREFIX.fullmatch(prefix):
            yield f"[sms] prefixes: {prefix!r}: expected the beginning of an international number, such as +47"


def _reach(what: str, url: str, named: list[str]) -> Iterator[str]:
    try:
        parsed = networks(named)
    except ValueError as error:
        yield f"{what}: networks: {error}; expected an address such as 192.0.2.7, or a network such as 192.0.2.0/24"
        return
    if any(network.prefixlen == 0 for network in parsed):
        yield f"{what}: networks: a network of all addresses names none; expected those that the service has"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        yield f"{what}: url = {url!r}: {error}"
        return
    if parts.scheme not in ("https", "http") or not host or not host.isascii():
        yield f"{what}: url = {url!r}: expected one such as https://cases.example/api"
    elif parts.username is not None or parts.query or parts.fragment or not _PATH.fullmatch(parts.path.rstrip("/")):
        yield f"{what}: url: expected scheme, host and path alone; a password belongs into headers.files or headers.env"
    elif parts.scheme == "http" and not parsed:
        yield f"{what}: url = {url!r}: expected https://, or `networks` that say where plain http may go"
    elif _is_address(host) and not may_reach(host, parsed):
        yield f"{what}: url = {url!r}: the address is not public; expected a network in `networks` that has it"


def _headers(what: str, headers: WebHeaders) -> Iterator[str]:
    seen: set[str] = set()
    for header in (*headers.plain, *headers.files, *headers.env):
        if not _HEADER.fullmatch(header) or header.lower() in _OURS:
            yield f"{what}: headers: {header!r}: expected a name such as X-Api-Key, and none of those that svar writes"
        if header.lower() in seen:
            yield f"{what}: headers: {header!r} is there twice"
        seen.add(header.lower())
    for header, value in headers.plain.items():
        if header.lower() in _SECRET:
            yield f"{what}: headers.plain: {header!r} is a secret: it belongs into headers.files or headers.env"
        elif not _VALUE.fullmatch(value):
            yield f"{what}: headers.plain: {header!r}: expected printable characters of ASCII"


def _between(what: str, value: int, most: int) -> Iterator[str]:
    if not 1 <= value <= most:
        yield f"{what} = {value}: expected 1 to {most}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _client(service: WebService) -> "WebClient":
    from ivr.web.service import WebClient  # a node that asks nobody starts without the library

    try:
        return WebClient(service)
    except OSError as error:
        raise ConfigError(f"{service.name}: ca: {service.ca}: {error.strerror or error}") from None


def _service(one: Lookup, environment: Mapping[str, str], kind: str = "lookup") -> WebService:
    return WebService(
        name=one.name,
        url=one.url.rstrip("/"),
        networks=networks(one.networks),
        headers=_values(f"{kind} {one.name!r}", one.headers, environment),
        ca=one.ca,
        timeout_s=one.timeout_ms / 1000,
        most_bytes=one.limits.most_bytes,
        at_once=one.limits.at_once,
        failures=one.limits.failures,
        rest_s=float(one.limits.rest_s),
        repeats_posts=one.repeat_posts,
    )


def _gateway(sms: Sms, environment: Mapping[str, str]) -> WebService:
    return WebService(
        name=SMS,
        url=sms.url,
        networks=networks(sms.networks),
        headers=_values("[sms]", sms.headers, environment),
        ca=sms.ca,
        timeout_s=sms.timeout_ms / 1000,
    )


def _values(what: str, headers: WebHeaders, environment: Mapping[str, str]) -> dict[str, str]:
    found = dict(headers.plain)
    for header, name in headers.env.items():
        found[header] = environment.get(name, "")
        if not found[header]:
            raise ConfigError(f"{what}: headers.env: the environment variable {name} is not set")
    for header, file in headers.files.items():
        found[header] = _secret(what, Path(file))
    for header, value in found.items():
        if not _VALUE.fullmatch(value):
            raise ConfigError(f"{what}: headers: the value of {header!r} is not of printable characters of ASCII")
    return found


def _secret(what: str, path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{what}: others than its owner may read {path}; chmod 600 {path}")
        return path.read_bytes()[:_MOST_SECRET_BYTES].decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{what}: the value of a header is expected in {path}: {why}") from None
