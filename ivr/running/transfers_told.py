"""Events of transfers, and what a phone that asked for one is told of it."""

from events.catalogue import TransferBegun, TransferEnded
from ivr.running.run import Services
from ivr.running.talk_words import Began, Finished

_STATUS = {"answered": 200, "queued": 200, "joined": 200, "busy": 486, "no_answer": 480, "rejected": 603}
_GIVEN_UP = frozenset({"taken_back", "caller_hung_up", "target_hung_up"})


def tell_began(services: Services, contact: str, began: Began, agent: str = "") -> None:
    services.sink.emit(
        TransferBegun(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=contact,
            how=began.how,
            to=began.target.to,
            target=began.target.name,
            agent=agent,
        )
    )


def tell_finished(services: Services, contact: str, ended: Finished, agent: str = "") -> None:
    services.sink.emit(
        TransferEnded(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=contact,
            how=ended.how,
            to=ended.target.to,
            target=ended.target.name,
            outcome=ended.outcome,
            lasted_ms=ended.lasted_ms,
            agent=agent,
        )
    )


def status_of(outcome: str) -> int:
    """How the call that a REFER asked for ended."""
    return _STATUS.get(outcome, 487 if outcome in _GIVEN_UP else 503)
