"""A confirmed dialog as data, so that another node can take the call over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sip.config import Address
from sip.dialog import Dialog
from sip.events import Origin, OriginKind
from sip.message.address import NameAddr
from sip.message.uri import parse_uri
from sip.session.timer import SessionTimer

_CSEQ_GAP = 100


@dataclass(frozen=True, slots=True)
class DialogSnapshot:
    """All JSON-able. `local_cseq` leaves a gap for requests that were sent after it was taken.

    `origin_line` is the session's own last o= line, for whoever negotiates: its version has to go on from there.
    `session_timer`: the interval in seconds, 0 for none, and whether we refresh; whoever takes over starts it anew.
    """

    call_id: str
    calls: bool
    local: str
    remote: str
    local_cseq: int
    remote_cseq: int
    remote_target: str
    route: tuple[str, ...]
    destination: Address
    origin: tuple[OriginKind, str]
    origin_line: str = ""
    session_timer: tuple[int, bool] = (0, False)

    @classmethod
    def of(cls, dialog: Dialog, origin: Origin, timer: SessionTimer) -> DialogSnapshot:
        return cls(
            call_id=dialog.call_id,
            calls=dialog.calls,
            local=str(dialog.local),
            remote=str(dialog.remote),
            local_cseq=dialog.local_cseq + _CSEQ_GAP,
            remote_cseq=dialog.remote_cseq,
            remote_target=str(dialog.remote_target),
            route=tuple(map(str, dialog.route)),
            destination=dialog.destination,
            origin=(origin.kind, origin.name),
            session_timer=(timer.interval_s, timer.refreshes),
        )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> DialogSnapshot:
        """Raises TypeError where a field is missing or unknown."""
        fields: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in data.items()}
        return cls(**fields | {"destination": Address(*fields.get("destination", ()))})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def dialog(self) -> Dialog:
        """Raises ParseError where an address is none. A connection ended with the node that held it."""
        dialog = Dialog(
            call_id=self.call_id,
            local=NameAddr.parse(self.local),
            remote=NameAddr.parse(self.remote),
            local_cseq=self.local_cseq,
            remote_cseq=self.remote_cseq,
            remote_target=parse_uri(self.remote_target),
            route=tuple(NameAddr.parse(hop) for hop in self.route),
            destination=self.destination,
            calls=self.calls,
        )
        if self.destination.reliable:
            dialog.connection_lost()
        return dialog
