"""One contact from the caller's first ring to its end: the only place that begins, resumes and ends a flow's run."""

import asyncio

import structlog

from events.catalogue import ContactEnded, ContactStarted
from ivr.book import FlowBook
from ivr.files.flow import Flow
from ivr.ports.call import Call, CallEnded
from ivr.running.ending import Ending
from ivr.running.interpreter import interpret
from ivr.running.run import FlowRun, Run, Services

_log = structlog.get_logger(__name__)


def begin(call: Call, book: FlowBook, flow: Flow, services: Services) -> FlowRun:
    """The run of a caller who has just arrived."""
    info = call.info
    variables = flow.first_variables(info.number, services.settings, info.pii_diverted_from)
    return FlowRun(info.contact, flow.flow, book.version, flow.start, variables, began_ms=services.now_ms())


async def serve(call: Call, book: FlowBook, flow: Flow, services: Services, data: FlowRun | None = None) -> FlowRun:
    """Lead the caller through the flow, as `book` has it, until the call is over.

    `data` is the run: one from `begin`, for whoever wants to keep it for a take-over, or one that came from another
    node, which goes on at the step where it stands. To be run as a task of its own, which it cancels when the call
    ends. Never raises for what the caller, the flow or the distributor did. Cancelled from outside (shutdown), it
    hangs up and is cancelled.
    """
    data = data or begin(call, book, flow, services)
    try:
        run = Run(call, data, services, book)
    except KeyError:
        # A run of another node whose version is not the one that came with it.
        _log.error("a contact's flow is not in its version", contact=data.contact, flow=data.flow)
        await call.hangup("failed")
        _tell_end(data, services, "unknown_flow", failed=True)
        return data
    ending = Ending(asyncio.current_task(), run)
    began = asyncio.get_running_loop().time()
    if not data.trace:
        _tell_start(call, data, services)
    call.on_end(ending.told)
    try:
        await _lead(run, ending)
    except asyncio.CancelledError:
        if not ending.is_own():
            ending.cause = ending.cause or "shutdown"
            services.commands.own(call.hangup("shutdown"))
            raise
    finally:
        lasted_ms = int((asyncio.get_running_loop().time() - began) * 1000)
        _tell_end(data, services, ending.cause, failed=ending.failed, lasted_ms=lasted_ms)
    return data


async def _lead(run: Run, ending: Ending) -> None:
    try:
        await interpret(run, run.data.step)
        ending.finished = True
        ending.cause = ending.cause or "flow_ended"
    except CallEnded as ended:
        ending.cause = ending.cause or ended.cause
        return
    except Exception as error:  # noqa: BLE001 - one flow that fails ends one call
        _log.exception("flow failed", flow=run.data.flow, step=run.data.step, contact=run.data.contact)
        ending.finished = ending.failed = True
        ending.cause = f"{type(error).__name__}"
    await run.call.hangup("failed" if ending.failed else "flow_ended")


def _tell_start(call: Call, data: FlowRun, services: Services) -> None:
    services.sink.emit(
        ContactStarted(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=call.info.contact,
            number=call.info.number,
            flow=data.flow,
            flow_version=data.version,
            trunk=call.info.trunk,
            pii_caller=call.info.pii_caller,
        )
    )


def _tell_end(data: FlowRun, services: Services, cause: str, *, failed: bool, lasted_ms: int = 0) -> None:
    services.sink.emit(
        ContactEnded(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=data.contact,
            outcome=outcome_of(data, cause, failed=failed),
            cause=cause,
            duration_ms=lasted_ms,
        )
    )


def outcome_of(data: FlowRun, cause: str, *, failed: bool = False) -> str:
    """The outcome that `ContactEnded` tells; `events.catalogue.ContactEnded` names them all.

    A contact that reached an agent once is answered; another that is promised to be rung back, or left a message, has
    that outcome; one that was in a
    queue and hung up is abandoned, and so is one that was led out of a queue to a goodbye; one that was not let in
    before closing time was in none.
    """
    if any(visit.outcome == "answered" for visit in data.journey):
        return "answered"
    if data.elsewhere.promised:
        return "callback"
    if data.elsewhere.message:
        return "voicemail"
    if failed or cause in ("failed", "media_timeout", "media_lost"):
        return "failed"
    if data.elsewhere.transferred and cause != "caller_hung_up":
        return "transferred"
    if any(visit.outcome != "closing" for visit in data.journey):
        return "abandoned"
    return "completed" if cause == "flow_ended" else "menu_ended"
