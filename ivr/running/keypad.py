"""Codes that an agent presses in a talk: from keys to commands. Pure; time is an argument."""

from collections.abc import Callable, Mapping

from ivr.ports.talk import TransferTarget
from ivr.running.talk_words import Ack, Blind, Command, Consult, Order

BETWEEN_S = 5.0
"""Keys that come later than this after another belong to no code with it."""
_LONGEST = 24

ORDERS: Mapping[str, Order | type[Consult] | type[Blind]] = {
    "consult": Consult,
    "blind": Blind,
    **{order.value: order for order in Order},
}
"""The commands that may have a code, by name; `consult` and `blind` are followed by a number and `#`."""


class Keypad:
    """One agent's keys. `codes`: codes that begin with `*` to names in ORDERS; `find`: who has a number.

    A number is over with `#`, or as soon as it is the only one that begins so (`known`).
    """

    __slots__ = ("_at", "_codes", "_find", "_known", "_pii_keys")

    def __init__(
        self, codes: Mapping[str, str], find: Callable[[str], TransferTarget | None], known: Mapping[str, object]
    ) -> None:
        self._codes = codes
        self._find = find
        self._known = known
        self._pii_keys = ""
        self._at = 0.0

    def press(self, key: str, now: float) -> Command | Ack | None:
        """The command that is complete with this key, what the agent is told instead, or None."""
        if now - self._at > BETWEEN_S or len(self._pii_keys) >= _LONGEST:
            self._pii_keys = ""
        self._at = now
        if key == "*":
            self._pii_keys = key
            return None
        if not self._pii_keys or not (key.isdecimal() or key == "#"):
            self._pii_keys = ""
            return None
        self._pii_keys += key
        return self._read()

    def _read(self) -> Command | Ack | None:
        keys = self._pii_keys
        code = next((code for code in self._codes if keys.startswith(code)), None)
        if code is None:
            return None if self._may_become(keys) else self._done(Ack.UNKNOWN)
        order = ORDERS[self._codes[code]]
        if isinstance(order, Order):
            return self._done(order)
        number, ended, _ = keys[len(code) :].partition("#")
        if not ended and not self._is_whole(number):
            return None
        target = self._find(number)
        return self._done(Ack.UNKNOWN if target is None else order(target))

    def _may_become(self, keys: str) -> bool:
        return any(code.startswith(keys) for code in self._codes)

    def _is_whole(self, number: str) -> bool:
        return number in self._known and not any(other != number and other.startswith(number) for other in self._known)

    def _done(self, what: Command | Ack) -> Command | Ack:
        self._pii_keys = ""
        return what
