"""A contact's journey in a few words, for who gets the contact next."""

from dataclasses import replace

from ivr.ports.call import CallInfo
from ivr.running.run import FlowRun, Visit

_MOST_TOLD = 8


def journey_text(data: FlowRun) -> str:
    """Queues, waits and outcomes, the latest last: `family;waited=65;outcome=answered;agent=kari, debt;waited=10`."""
    visits = data.journey[-_MOST_TOLD:]
    if data.entry is not None:
        visits = [*visits, data.entry]
    return ", ".join(map(_visit_text, visits))


def informed(info: CallInfo, data: FlowRun) -> CallInfo:
    """Who calls, with the journey until now."""
    return replace(info, journey=journey_text(data))


def _visit_text(visit: Visit) -> str:
    text = f"{visit.queue};waited={visit.waited_ms // 1000}" if visit.outcome else f"{visit.queue}"
    text += f";outcome={visit.outcome}" if visit.outcome else ""
    return text + (f";agent={visit.agent}" if visit.agent else "")
