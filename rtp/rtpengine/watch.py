"""Whether a leg is still heard, by counts that are looked at from time to time."""


class Watch:
    """`unheard_s` None: a leg that never speaks is borne with for ever (a named trunk, an agent)."""

    __slots__ = ("_count", "_since", "_timeout_s", "_told", "_unheard_s")

    def __init__(self, timeout_s: float, unheard_s: float | None, now: float) -> None:
        self._timeout_s = timeout_s
        self._unheard_s = unheard_s
        self._count = 0
        self._since = now
        self._told = False

    def look(self, count: int, now: float) -> int | None:
        """`count` packets have been heard by now. Gives how long it has been silent in ms, once, when that is long."""
        if count != self._count:
            self._count, self._since, self._told = count, now, False
            return None
        limit_s = self._timeout_s if count else self._unheard_s
        silent_s = now - self._since
        if self._told or limit_s is None or silent_s < limit_s:
            return None
        self._told = True
        return round(silent_s * 1000)

    @property
    def unheard(self) -> bool:
        """It has been told of without ever having spoken."""
        return self._told and not self._count

    def rest(self, now: float) -> None:
        """Until now nothing was expected."""
        self._since = now
