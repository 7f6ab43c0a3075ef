"""What an agent can tell svar from any SIP phone, by ringing a code that begins with `*`."""

from collections.abc import Awaitable, Callable

from acd.distributor import Distributor, Refused, Unavailable
from acd.model import AgentId
from ivr.language.prompting import Prompts, Said
from ivr.ports.call import Call, CallEnded
from svar import talking

READY = Said({"nb": "Du er klar.", "en": "You are ready."}, key="agent/ready")
NOT_READY = Said({"nb": "Du er ikke klar.", "en": "You are not ready."}, key="agent/not_ready")
WRAPPED_UP = Said({"nb": "Etterarbeidet er ferdig.", "en": "Wrap-up is done."}, key="agent/wrapped_up")
NOT_NOW = Said({"nb": "Det går ikke nå.", "en": "That is not possible now."}, key="agent/not_now")
SPOKEN = (READY, NOT_READY, WRAPPED_UP, NOT_NOW, *talking.SPOKEN)

_LANGUAGE = "nb"

Code = Callable[[Distributor, AgentId], Awaitable[None]]


async def _ready(distributor: Distributor, agent: AgentId) -> None:
    await distributor.ready(agent)


async def _not_ready(distributor: Distributor, agent: AgentId) -> None:
    await distributor.not_ready(agent, "agent")


async def _wrapped_up(distributor: Distributor, agent: AgentId) -> None:
    await distributor.end_wrap_up(agent)


CODES: dict[str, tuple[Code, Said]] = {
    "*1": (_ready, READY),
    "*2": (_not_ready, NOT_READY),
    "*3": (_wrapped_up, WRAPPED_UP),
}


async def serve(call: Call, code: str, agent: AgentId, distributor: Distributor, prompts: Prompts) -> None:
    """Do what the code says and tell the agent by voice. `code` is one of CODES."""
    act, said = CODES[code]
    try:
        try:
            await act(distributor, agent)
        except (Refused, Unavailable):
            said = NOT_NOW
        await call.answer()
        await call.play(prompts.clips(said, _LANGUAGE))
    except CallEnded:
        return  # done all the same, with nobody to be told
    finally:
        await call.hangup()
