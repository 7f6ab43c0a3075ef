"""A flow that gives its caller to a destination: who answers may be told something first, and may refuse."""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from ivr.language.prompting import Said, spoken_value
from ivr.ports.call import Clip
from ivr.ports.phones import NotAnswered
from ivr.ports.talk import TransferTarget
from ivr.running.journeys import informed
from ivr.running.run import Run
from ivr.running.talk_said import LANGUAGE, PRESS_ONE
from ivr.running.talk_words import Began, Finished
from ivr.running.transfers_told import tell_began, tell_finished

_VALUE = Said({"nb": "{value}", "en": "{value}"}, key="agent/context")


async def hand_over(run: Run, how: str, to: str, context: Sequence[str] = ()) -> bool:
    """Ring the destination; True once somebody there had the caller. `context`: variables that go along.

    They stand in the header X-Svar-Context; where the transfer is `attended` they are spoken too, and whoever answers
    presses 1 to take the caller.
    """
    talks, services = run.services.talks, run.services
    if talks is None:
        return await run.call.transfer(to)
    asked = _asked(run, context) if how == "attended" else None
    target = TransferTarget("partner" if how == "partner" else "destination", to)
    clock = asyncio.get_running_loop().time
    began, outcome = clock(), "caller_hung_up"
    tell_began(services, run.data.contact, Began(how, target))
    try:
        leg = await talks.destinations.dial(to, informed(run.call.info, run.data), _headers(run, context), asked)
        outcome = "answered"
    except NotAnswered as missed:
        outcome = missed.cause
        return False
    finally:
        lasted_ms = round((clock() - began) * 1000)
        tell_finished(services, run.data.contact, Finished(how, target, outcome, lasted_ms))
    await run.call.bridge(leg)
    return True


def _headers(run: Run, context: Sequence[str]) -> tuple[tuple[str, str], ...]:
    values = ", ".join(f"{name}={quote(str(run.value(name)), safe='')}" for name in context)
    return (("X-Svar-Context", values),) if values else ()


def _asked(run: Run, context: Sequence[str]) -> tuple[Clip, ...]:
    prompts = run.services.prompts
    told: list[Clip] = []
    for name in context:
        told += prompts.clips(_VALUE.with_values(value=spoken_value(run.value(name))), LANGUAGE)
    return (*told, *prompts.clips(PRESS_ONE, LANGUAGE))
