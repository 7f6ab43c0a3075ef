"""A class of moments for tests of what nodes say may come of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.language.calendar import Opening
from ivr.language.crises import Crisis
from ivr.language.expression import Expression
from ivr.language.ways import UNKNOWN, Known


@dataclass(frozen=True, slots=True)
class At:
    """A moment; `now_ms` is what spans are compared with, and what is not given is unknown."""

    language: str = "nb"
    in_use: frozenset[str] = frozenset({"nb", "en"})
    prepared: Crisis | None = None
    openings: Mapping[str, Opening] = field(default_factory=dict)
    now_ms: int = 0
    known: Mapping[str, Known] = field(default_factory=dict)
    values_of: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)

    @property
    def crisis(self) -> str:
        return "" if self.prepared is None else self.prepared.name

    def opening(self, calendar: str) -> Opening:
        return self.openings[calendar]

    def between(self, from_ms: int | None, until_ms: int | None) -> bool:
        return (from_ms is None or from_ms <= self.now_ms) and (until_ms is None or self.now_ms < until_ms)

    def value(self, name: str) -> Known:
        return self.known.get(name, UNKNOWN)

    def holds(self, condition: Expression) -> tuple[bool, ...]:
        given = self.result(condition)
        return (given,) if isinstance(given, bool) else (True, False)

    def result(self, expression: Expression) -> Known:
        values = {name: self.value(name) for name in expression.names()}
        if UNKNOWN in values.values():
            return UNKNOWN
        found: Known = expression.evaluate(self._scalar)
        return found

    def _scalar(self, name: str) -> str | int | float | bool:
        value = self.value(name)
        assert isinstance(value, str | int | float)
        return value

    def values(self, variable: str, kind: type) -> tuple[Known, ...]:
        return self.values_of.get(variable, (UNKNOWN,))

    def results(self, flow: str) -> tuple[str, ...]:
        return ()
