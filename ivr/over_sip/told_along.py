"""What an INVITE of ours says of the contact that it is for."""

from acd.model import Offer
from ivr.ports.call import CallInfo

Lines = tuple[tuple[str, str], ...]
_LONGEST = 400


def told_along(offer: Offer, info: CallInfo) -> Lines:
    """For an offer: the contact, the queue, the waits, the journey, the number that was dialled, and why this phone."""
    grounds = offer.grounds
    why = f"{grounds.rule};tier={grounds.tier}" + (f";kind={grounds.kind}" if grounds.kind != "call" else "")
    waits = (
        ("X-Svar-Queue", offer.queue),
        ("X-Svar-Waited-Ms", str(offer.waited_ms)),
        ("X-Svar-Total-Waited-Ms", str(max(offer.total_waited_ms, offer.waited_ms))),
        ("X-Svar-Reason", why),
    )
    return (*told_of(info), *waits)


def wait_shown(offer: Offer) -> str:
    """What stands on the display beside the queue, where the caller waited elsewhere too: `ventet 7 min`."""
    minutes = round(offer.total_waited_ms / 60_000)
    return f"ventet {minutes} min" if minutes and offer.total_waited_ms > offer.waited_ms else ""


def told_of(info: CallInfo) -> Lines:
    """For a call that no queue has to do with."""
    lines = (("X-Svar-Contact", info.contact), ("X-Svar-Service", info.number), ("X-Svar-Journey", info.journey))
    return tuple((name, plain(value)) for name, value in lines if value)


def plain(text: str) -> str:
    """One line of printable ASCII: what a caller dialled or a flow looked up ends no header of ours."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:_LONGEST]).strip()
