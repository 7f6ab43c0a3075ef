"""How the ringing of a phone ended, and what becomes of one that nobody waits for any more."""

import asyncio

import structlog

from ivr.ports.call import AgentLeg
from ivr.ports.phones import NotAnswered
from ivr.running.commands import Commands

_log = structlog.get_logger(__name__)


def outcome(ringing: "asyncio.Future[AgentLeg]") -> tuple[AgentLeg | None, str]:
    """The leg, or why there is none. A phone that answered just when it was cancelled still counts as answered."""
    if ringing.cancelled():
        return None, "no_answer"
    error = ringing.exception()
    if error is None:
        return ringing.result(), ""
    if isinstance(error, NotAnswered):
        return None, error.cause
    _log.error("ringing a phone failed", exc_info=error)
    return None, "error"


def abandon(ringing: "asyncio.Future[AgentLeg]", commands: Commands) -> None:
    """Ring no more, and hang up a phone that was answered at that moment."""

    def done(rung: "asyncio.Future[AgentLeg]") -> None:
        leg, _ = outcome(rung)
        if leg is not None:
            commands.own(leg.hang_up())

    ringing.cancel()
    ringing.add_done_callback(done)
