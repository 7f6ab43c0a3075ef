"""Ringing the phone of an offer; a partner's is told of as a transfer."""

import asyncio

from acd.model import Offer
from ivr.ports.call import AgentLeg
from ivr.ports.phones import NotAnswered
from ivr.ports.talk import TransferTarget
from ivr.running.journeys import informed
from ivr.running.run import Run
from ivr.running.talk_words import Began, Finished
from ivr.running.transfers_told import tell_began, tell_finished


async def ring(run: Run, offer: Offer) -> AgentLeg:
    """Ring until it is answered. Raises NotAnswered; cancelling stops it."""
    info = informed(run.call.info, run.data)
    if not offer.grounds.partner:
        return await run.services.phones.ring(offer, info)
    target = TransferTarget("partner", offer.grounds.partner)
    clock = asyncio.get_running_loop().time
    began, outcome = clock(), "unreachable"
    tell_began(run.services, offer.contact, Began("partner", target))
    try:
        leg = await run.services.phones.ring(offer, info)
        outcome = "answered"
        return leg
    except NotAnswered as missed:
        outcome = missed.cause
        raise
    except asyncio.CancelledError:
        outcome = "caller_hung_up" if run.ended else "no_answer"
        raise
    finally:
        lasted_ms = round((clock() - began) * 1000)
        tell_finished(run.services, offer.contact, Finished("partner", target, outcome, lasted_ms))
