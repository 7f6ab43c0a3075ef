"""Reading the configuration: TOML into the schema's dataclasses, every mistake at once with its line."""

import difflib
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from svar.config.schema import Config, WebHeaders

ENVIRONMENT = {
    "SVAR_SIP_PORT": ("sip", "port", int),
    "SVAR_HTTP_PORT": ("http", "port", int),
    "SVAR_MEDIA_WORKERS": ("media", "workers", int),
    "SVAR_REDIS_URL": ("redis", "url", str),
    "SVAR_RECORDS_URL": ("records", "url", str),
    "SVAR_MQTT_URL": ("mqtt", "url", str),
    "SVAR_STATE": ("node", "state", str),
}
"""Environment variables that stand above the file: section, key, type. One with `_FILE` behind it names a file that
holds the value: addresses with a password in them are kept like passwords."""

NAMED = ("trunk", "queue", "destination", "lookup", "notice", "mailbox")


class ConfigError(Exception):
    """The configuration cannot be used; each line of the message is one mistake: `file:line: what, expected, hint`."""


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """Read `path`; relative folders in it are made absolute (flows: beside the file; state: the working folder's).

    Raises ConfigError naming every mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8, which TOML has to be") from None
    reader = _Reader(path, text)
    config = reader.table(Config, raw, ())
    reader.names_are_unique(raw)
    if reader.mistakes:
        raise ConfigError("\n".join(reader.mistakes))
    config = _with_environment(config, environment)
    flows = replace(config.flows, folder=_shown((path.parent / config.flows.folder).resolve()))
    config = _with_files(config, path.parent)
    return replace(config, flows=flows, node=replace(config.node, state=str(Path(config.node.state).resolve())))


def _with_files(config: Config, folder: Path) -> Config:
    """Certificates and secrets stand beside the configuration."""

    def found(name: str) -> str:
        return str((folder / name).resolve()) if name else ""

    tls = config.tls
    tls = replace(tls, certificate=found(tls.certificate), key=found(tls.key), ca=found(tls.ca))
    http = replace(config.http, certificate=found(config.http.certificate), key=found(config.http.key))
    records = replace(config.records, ca=found(config.records.ca), password_file=found(config.records.password_file))
    config = replace(config, records=records)
    trunks = [
        replace(
            trunk,
            ca=found(trunk.ca),
            account=replace(trunk.account, password_file=found(trunk.account.password_file)),
        )
        for trunk in config.trunk
    ]
    lookups = [replace(one, ca=found(one.ca), headers=_found(one.headers, found)) for one in config.lookup]
    notices = [replace(one, ca=found(one.ca), headers=_found(one.headers, found)) for one in config.notice]
    mqtt = replace(config.mqtt, ca=found(config.mqtt.ca))
    sms = replace(config.sms, ca=found(config.sms.ca), headers=_found(config.sms.headers, found))
    return replace(config, tls=tls, http=http, trunk=trunks, lookup=lookups, notice=notices, sms=sms, mqtt=mqtt)


def _found(headers: WebHeaders, found: Callable[[str], str]) -> WebHeaders:
    return replace(headers, files={header: found(file) for header, file in headers.files.items()})


def _shown(folder: Path) -> str:
    """As people write it: below the working folder without the way there."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def _with_environment(config: Config, environment: Mapping[str, str]) -> Config:
    for name, (section, key, type_) in ENVIRONMENT.items():
        text = environment.get(name) or _held(name, environment)
        if not text:
            continue
        try:
            value = type_(text)
        except ValueError:
            raise ConfigError(f"{name}={text}: a number is expected") from None
        config = replace(config, **{section: replace(getattr(config, section), **{key: value})})
    return config


def _held(name: str, environment: Mapping[str, str]) -> str:
    """What stands in the file that `NAME_FILE` names; nothing where there is no such variable."""
    path = environment.get(f"{name}_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE={path}: {error}; expected a file that holds the value of {name}") from None


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.mistakes: list[str] = []

    def table(self, cls: type[Any], raw: object, where: tuple[str | int, ...]) -> Any:
        """`raw` as an instance of the dataclass `cls`; mistakes are noted and skipped."""
        if not isinstance(raw, dict):
            return self.wrong(where, f"expected a table [{'.'.join(map(str, where))}]", cls)
        known: dict[str, Field[Any]] = {f.name: f for f in fields(cls)}
        for key in raw.keys() - known.keys():
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
            self.note((*where, key), f"unknown key {key!r}{hint}")
        values: dict[str, Any] = {}
        kinds = typing.get_type_hints(cls)
        for name, field in known.items():
            if name in raw:
                values[name] = self.value(kinds[name], raw[name], (*where, name))
            elif field.default is MISSING and field.default_factory is MISSING:
                self.note(where, f"{_title(where)} lacks {name!r} ({field.metadata.get('doc', '')})")
                values[name] = None
        return cls(**values)

    def value(self, kind: Any, raw: object, where: tuple[str | int, ...]) -> Any:
        if is_dataclass(kind) and isinstance(kind, type):
            return self.table(kind, raw, where)
        if isinstance(kind, types.GenericAlias):
            return self.collection(kind, raw, where)
        fits = isinstance(raw, kind) and (kind is not int or not isinstance(raw, bool))
        if not fits:
            return self.wrong(where, f"{where[-1]!r} has to be {_words(kind)}, not {raw!r}")
        if isinstance(raw, int) and raw < 0:
            return self.wrong(where, f"{where[-1]!r} cannot be negative")
        return raw

    def collection(self, kind: types.GenericAlias, raw: object, where: tuple[str | int, ...]) -> Any:
        inner = typing.get_args(kind)[-1]
        if kind.__origin__ is list and isinstance(raw, list):
            return [self.value(inner, item, (*where, i)) for i, item in enumerate(raw)]
        if kind.__origin__ is dict and isinstance(raw, dict):
            return {key: self.value(inner, item, (*where, key)) for key, item in raw.items()}
        return self.wrong(where, f"{where[-1]!r} has to be {_words(kind)}, not {raw!r}")

    def names_are_unique(self, raw: dict[str, Any]) -> None:
        for kind in NAMED:
            seen: set[str] = set()
            rows = raw.get(kind, [])
            for i, row in enumerate(rows if isinstance(rows, list) else []):
                name = row.get("name", "") if isinstance(row, dict) else ""
                if name in seen:
                    self.note((kind, i, "name"), f"there is another {kind} {name!r}")
                seen.add(name)

    def wrong(self, where: tuple[str | int, ...], message: str, cls: type[Any] | None = None) -> Any:
        self.note(where, message)
        return None

    def note(self, where: tuple[str | int, ...], message: str) -> None:
        self.mistakes.append(f"{self.path}:{self.line(where)}: {message}")

    def line(self, where: tuple[str | int, ...]) -> int:
        """The line where the key (or else its table) stands; 1 when it cannot be told."""
        names = [part for part in where if isinstance(part, str)]
        index = next((part for part in where if isinstance(part, int)), 0)
        key, count, table, best = names[-1] if names else "", -1, "", 1
        inner, outer = ".".join(names[:-1]), names[0] if names else ""
        for number, line in enumerate(self.lines, 1):
            if header := re.match(r"\s*\[\[?\s*([\w.]+)", line):
                table = header[1]
                count += table == outer
                if count == index and table in (outer, inner, ".".join(names)):
                    best = number
            elif table == inner and (count == index or not table) and _sets(line, key):
                return number
            elif len(names) > 1 and table == outer and count == index and _sets(line, names[1]):
                best = number
        return best


def _sets(line: str, key: str) -> bool:
    return re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line) is not None


def _title(where: tuple[str | int, ...]) -> str:
    return f"[[{where[0]}]] number {where[1] + 1}" if len(where) > 1 and isinstance(where[1], int) else f"[{where[0]}]"


def _words(kind: Any) -> str:
    plain = {str: "text", int: "a whole number", bool: "true or false", str | int | bool: "a plain value"}
    if isinstance(kind, types.GenericAlias):
        inner = plain.get(typing.get_args(kind)[-1], "table")
        return f"a list of {inner}" if kind.__origin__ is list else f"a table of {inner}"
    return plain.get(kind, str(kind))
