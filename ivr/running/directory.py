"""Whom agents may give callers to: names and short numbers of the configuration, and nobody else."""

from collections.abc import Callable, Collection, Mapping

from ivr.ports.talk import TransferTarget

KINDS = ("agent", "queue", "destination", "partner")


class Directory:
    """`agents`, `queues`, `destinations` and `partners` (destinations that are partners) give the names of now."""

    def __init__(
        self,
        *,
        agents: Callable[[], Collection[str]],
        queues: Callable[[], Collection[str]],
        destinations: Callable[[], Collection[str]],
        partners: Callable[[], Collection[str]] = tuple,
        numbers: Mapping[str, TransferTarget] | None = None,
    ) -> None:
        self.numbers: Mapping[str, TransferTarget] = numbers or {}
        self._kinds = {"agent": agents, "queue": queues, "destination": destinations}
        self._partners = partners

    def find(self, text: str) -> TransferTarget | None:
        """Who has that short number, else the agent, the queue or the destination of that name."""
        target = self.numbers.get(text)
        if target is not None:
            return self._known(target.to, target.name)
        return next((found for kind in self._kinds if (found := self._known(kind, text)) is not None), None)

    def has(self, target: TransferTarget) -> bool:
        """Whether the configuration has it."""
        return target.to in KINDS and self._known(target.to, target.name) is not None

    def _known(self, kind: str, name: str) -> TransferTarget | None:
        """Raises KeyError for a kind that there is not."""
        if not name or name not in self._kinds["destination" if kind == "partner" else kind]():
            return None
        partner = kind in ("destination", "partner") and name in self._partners()
        return TransferTarget("partner" if partner else "destination" if kind == "partner" else kind, name)


def short_numbers(written: Mapping[str, str]) -> dict[str, TransferTarget]:
    """From `{"21": "agent:berit"}`. Raises ValueError, which says what is wrong with which."""
    found = {}
    for number, text in written.items():
        kind, _, name = text.partition(":")
        if not number.isdecimal() or len(number) > 8:
            raise ValueError(f"short number {number!r}: expected one to eight digits")
        if kind not in KINDS or not name:
            raise ValueError(f"short number {number}: {text!r}: expected agent:, queue:, destination: or partner: NAME")
        found[number] = TransferTarget(kind, name)
    return found
