"""A circuit breaker: a service that fails is left alone for a while, so that it doesn't hold every caller."""


class Circuit:
    """Open after `failures` in a row, for `rest_s`; then one request tries it, and its outcome decides.

    `now` is the loop's clock, in seconds.
    """

    __slots__ = ("_failed", "_failures", "_open_until", "_rest_s", "_trying")

    def __init__(self, failures: int, rest_s: float) -> None:
        self._failures = failures
        self._rest_s = rest_s
        self._failed = 0
        self._open_until = 0.0
        self._trying = False

    def is_open(self, now: float) -> bool:
        """Whether a request that came now would be turned away."""
        return self._failed >= self._failures and (self._trying or now < self._open_until)

    def admit(self, now: float) -> bool:
        """Whether a request may go. Who was admitted tells how it went: `succeeded`, `failed` or `left`."""
        if self.is_open(now):
            return False
        self._trying = self._failed >= self._failures
        return True

    def succeeded(self) -> None:
        """The service answered."""
        self._failed = 0
        self._trying = False

    def failed(self, now: float) -> bool:
        """It did not, or said that it cannot. Whether this opened the circuit that was closed."""
        before = self._failed
        self._failed = min(before + 1, self._failures)
        self._trying = False
        if self._failed >= self._failures:
            self._open_until = now + self._rest_s
        return before < self._failed == self._failures

    def left(self) -> None:
        """The caller was gone before the answer: that says nothing."""
        self._trying = False
