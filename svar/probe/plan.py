"""What is rung, how often, and what has to be heard: a file of its own, for the probe to stand on another machine."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr.language.lengths import seconds_of

KEYS = frozenset("0123456789*#")
MOST_NUMBERS = 200
LONGEST_S = 60.0


class PlanError(Exception):
    """The probe's file cannot be used; the message names the file, the place and what was expected."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One service number. `after_s` it listens before the key and `listen_s` after it; without a key `after_s` alone.

    `hears` and `then_hears` are WAV files with what is to be heard before and after the key; None: any sound will do.
    """

    number: str
    press: str
    after_s: float
    listen_s: float
    answer_s: float
    hears: Path | None
    then_hears: Path | None
    likeness: float

    @property
    def longest_s(self) -> float:
        """When the whole visit has to be over."""
        return 20.0 + self.answer_s + self.after_s + self.listen_s


@dataclass(frozen=True, slots=True)
class Plan:
    """`host` and `port` of the SIP server; `user` is an agent without queues, whose password is in `password`."""

    host: str
    port: int
    user: str
    password: str
    own: str
    every_s: float
    listen: str
    visits: tuple[Visit, ...]


def load(path: Path) -> Plan:
    """Read the file. Raises PlanError."""
    try:
        told = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{path}: {error}") from None
    return _Reader(path, told).plan()


class _Reader:
    def __init__(self, path: Path, told: Mapping[str, Any]) -> None:
        self._path = path
        self._told = told

    def plan(self) -> Plan:
        told = self._told
        self._known(told, "", {"server", "user", "password_file", "own", "every", "listen", "visit"})
        host, _, port = self._text(told, "", "server", "127.0.0.1:5060").rpartition(":")
        if not host or not port.isdigit():
            raise self._fault("server", "expected HOST:PORT")
        visits = told.get("visit")
        if not isinstance(visits, list) or not 0 < len(visits) <= MOST_NUMBERS:
            raise self._fault("[[visit]]", f"expected 1 to {MOST_NUMBERS} of them, each with a number")
        every_s = self._length(told, "", "every", "60s", 3_600.0)
        return Plan(
            host, int(port), self._text(told, "", "user", "probe"), self._password(),
            self._text(told, "", "own", "127.0.0.1"), every_s, self._text(told, "", "listen", "127.0.0.1:9116"),
            tuple(self._visit(f"[[visit]] {at}", one) for at, one in enumerate(visits, 1)),
        )  # fmt: skip

    def _visit(self, where: str, told: Any) -> Visit:
        if not isinstance(told, dict):
            raise self._fault(where, "expected a table")
        self._known(told, where, {"number", "press", "after", "listen", "answer", "hears", "then_hears", "likeness"})
        number, press = self._text(told, where, "number", ""), self._text(told, where, "press", "")
        if not number:
            raise self._fault(f"{where} number", "expected the number to ring")
        if not set(press) <= KEYS:
            raise self._fault(f"{where} press = {press!r}", "expected keys of 0 to 9, * and #")
        likeness = told.get("likeness", 0.7)
        if isinstance(likeness, bool) or not isinstance(likeness, int | float) or not 0 < likeness <= 1:
            raise self._fault(f"{where} likeness", "expected a number above 0, 1 at most")
        then = self._file(told, where, "then_hears")
        if then is not None and not press:
            raise self._fault(f"{where} then_hears", "expected `press` with it: it is what follows the key")
        return Visit(
            number, press, self._length(told, where, "after", "4s", LONGEST_S),
            self._length(told, where, "listen", "4s", LONGEST_S) if press else 0.0,
            self._length(told, where, "answer", "10s", LONGEST_S), self._file(told, where, "hears"), then,
            float(likeness),
        )  # fmt: skip

    def _known(self, told: Mapping[str, Any], where: str, names: set[str]) -> None:
        for name in sorted(set(told) - names):
            raise self._fault(
                f"{where} {name}".strip(), f"there is no such setting; there are {', '.join(sorted(names))}"
            )

    def _text(self, told: Mapping[str, Any], where: str, name: str, otherwise: str) -> str:
        value = told.get(name, otherwise)
        if not isinstance(value, str) or not value.isprintable():
            raise self._fault(f"{where} {name}".strip(), 'expected a text in "quotes"')
        return value

    def _length(self, told: Mapping[str, Any], where: str, name: str, otherwise: str, most_s: float) -> float:
        length_s = seconds_of(self._text(told, where, name, otherwise))
        if length_s is None or not 0 < length_s <= most_s:
            raise self._fault(f"{where} {name}".strip(), f'expected a length such as "4s", {most_s:g} s at most')
        return length_s

    def _file(self, told: Mapping[str, Any], where: str, name: str) -> Path | None:
        written = self._text(told, where, name, "")
        if not written:
            return None
        path = self._path.parent / written
        if not path.is_file():
            raise self._fault(f"{where} {name} = {written!r}", f"there is no file {path}")
        return path

    def _password(self) -> str:
        path = self._path.parent / self._text(self._told, "", "password_file", "probe.password")
        try:
            return path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self._fault("password_file", f"expected a file with the password of `user`: {error}") from None

    def _fault(self, place: str, expected: str) -> PlanError:
        return PlanError(f"{self._path}: {place}: {expected}")
