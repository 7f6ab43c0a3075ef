"""deflect: tell the caller of another way, spoken or as a text message."""

import asyncio
from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from events.catalogue import Deflected
from ivr.language.checked_digits import EXAMPLES
from ivr.language.schema import KEYS, Attempts, Key, Length, Target, Texts, Where, WrittenTexts
from ivr.language.schema import Written as WrittenText
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Way
from ivr.nodes.base import Node
from ivr.ports.texting import Sending, TextMessage
from ivr.ports.texting import Texts as TextGateway
from ivr.running.run import Run

_MOST_DIGITS = 15
_BETWEEN_S = 4.0
_GATEWAY_S = 30.0
_KEYED = Act("press", f"{EXAMPLES['phone_number']}#")


class Deflect(Node):
    """Says a text, such as a web address; with `sms` it sends one too, in the caller's language.

    With `offer` the message goes only to who presses `yes_key`. It goes to the caller's number, where a trusted trunk
    vouches for it and messages may go there; else to the number that the caller keys in, if `ask` is given.

    ```yaml
    web:
      type: deflect
      say: {nb: Du finner skjemaet på nav punktum no.}
      offer: {nb: "Tast 1, så sender vi deg lenken på SMS."}
      ask: {nb: "Tast mobilnummeret ditt, og avslutt med firkant."}
      sms: {nb: "Skjemaet finner du på https://www.nav.no/skjema"}
      sent: thanks
      refused: menu
      failed: menu
    ```
    """

    type: Literal["deflect"]
    say: Texts = Field(description="What is said first, to everybody.")
    sms: WrittenTexts | None = Field(default=None, description="The text message; `{variable}` stands for its value.")
    offer: Texts | None = Field(default=None, description="Asks whether the caller wants the message.")
    yes_key: Key = Field(default="1", description="The key that says yes.")
    wait_s: Length = Field(default=5.0, alias="wait", description="For how long a key is awaited.")
    ask: Texts | None = Field(default=None, description="Asks for a number, where the caller's own will not do.")
    attempts: Attempts = Field(default=2, description="How often a number is asked for.")
    next: Target | None = Field(default=None, description="Where a caller goes on who was told, and was sent nothing.")
    sent: Target | None = Field(default=None, description="Where a caller goes on whose message was sent.")
    refused: Target | None = Field(default=None, description="Where a caller goes on who wants no message.")
    failed: Target | None = Field(default=None, description="Where a caller goes on whose message could not be sent.")

    @model_validator(mode="after")
    def _complete(self) -> "Deflect":
        given = {
            name for name in ("sent", "refused", "failed", "offer", "ask", "next") if getattr(self, name) is not None
        }
        if self.sms is None:
            wanted, spare = {"next"}, given - {"next"}
        else:
            wanted = {"sent", "failed"} | ({"refused"} if self.offer is not None else set())
            spare = given & ({"next"} if self.offer is not None else {"next", "refused"})
        if lacking := sorted(wanted - given):
            raise PydanticCustomError("ways", "{fields} is missing here", {"fields": " and ".join(lacking)})
        if spare:
            context = {"fields": ", ".join(sorted(spare)), "why": "sms" if self.sms is None else "offer or with sms"}
            raise PydanticCustomError("ways", "{fields} means nothing without {why}", context)
        return self

    def ways(self) -> tuple[Way, ...]:
        named = (("next", Kind.NEXT), ("sent", Kind.DONE), ("refused", Kind.REFUSED), ("failed", Kind.FAILED))
        targets = [(name, getattr(self, name), kind) for name, kind in named]
        return tuple(Way((name,), target, kind, name) for name, target, kind in targets if target is not None)

    def silent_targets(self) -> list[str]:
        """A message that was offered goes only to who presses a key; one that was not goes to everybody."""
        return [way.target for way in self.ways() if way.target and (self.offer is None or way.kind is Kind.REFUSED)]

    def moves(self, moment: Moment) -> Iterable[Move]:
        offered = (self.say,) if self.offer is None else (self.say, self.offer)
        yes = () if self.offer is None else (Act("press", self.yes_key),)
        for way in self.ways():
            if way.kind is Kind.NEXT:
                yield Move(way, (self.say,), reached=Reached.MESSAGE)
            elif way.kind is Kind.REFUSED:
                yield Move(way, offered, self.wait_s, reached=Reached.MESSAGE, acts=(Act("silence"),))
            else:
                act = Act("sends", "sent" if way.kind is Kind.DONE else "failed")
                yield Move(way, offered, self.wait_s + _GATEWAY_S, reached=Reached.MESSAGE, acts=(*yes, act))
                if self.ask is not None:
                    yield self._keys_in(way, (*offered, self.ask), (*yes, _KEYED, act))
                if self.ask is not None and way.kind is Kind.FAILED:
                    asked, silence = (self.ask,) * self.attempts, (Act("silence"),) * self.attempts
                    yield self._keys_in(way, (*offered, *asked), (*yes, *silence))

    def _keys_in(self, way: Way, said: tuple[Texts, ...], acts: tuple[Act, ...]) -> Move:
        """What comes of it for a caller who is asked for a number, which takes time."""
        entry_s = self.wait_s + (_MOST_DIGITS * _BETWEEN_S + self.wait_s) * sum(each is self.ask for each in said)
        return Move(way, said, entry_s + _GATEWAY_S, reached=Reached.MESSAGE, acts=acts)

    def written(self) -> dict[Where, WrittenText]:
        return {} if self.sms is None else {("sms",): self.sms}

    def leaves(self) -> dict[Where, frozenset[str]]:
        return {} if self.sms is None else {("sms",): self.sms.names()}

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {} if self.sms is None else {("sms",): ("sms", "sms")}

    async def run(self, run: Run) -> str | None:
        await run.say(self.say)
        if self.sms is None:
            _tell(run, "web", "said")
            return self.next
        if self.offer is not None and await self._key(run, self.offer) != self.yes_key:
            _tell(run, "sms", "refused")
            return self.refused
        texts = run.services.texts
        if texts is None:
            _tell(run, "sms", Sending.FAILED)
            return self.failed
        pii_to = await self._to(run, texts)
        if not pii_to:
            _tell(run, "sms", "no_number")
            return self.failed
        text = self.sms.text(run.language, run.flow.fallback, run.value)
        message = TextMessage(pii_to, text, run.call.info.pii_caller)
        # Who said yes and hangs up at once gets the message all the same, and the event tells of it.
        sending = run.services.commands.own(_send(run, texts, message))
        return self.sent if await asyncio.shield(sending) is Sending.SENT else self.failed

    async def _key(self, run: Run, offer: Texts) -> str:
        key = await run.say(offer, keys=KEYS)
        if key is None:
            key = (await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)).pii_digits
        if key:
            run.progressed()
        return key

    async def _to(self, run: Run, texts: TextGateway) -> str:
        """The number that the message goes to: the caller's own, or one that is keyed in; empty: none."""
        info = run.call.info
        if info.asserted and info.pii_caller and texts.fits(info.pii_caller):
            return info.pii_caller
        if self.ask is None:
            return ""
        for _ in range(self.attempts):
            pii_number = await self._keyed(run, self.ask)
            if texts.fits(pii_number):
                return pii_number
        return ""

    async def _keyed(self, run: Run, ask: Texts) -> str:
        first = await run.say(ask, keys=KEYS) or ""
        if first == "#":
            return ""
        collected = await run.call.collect(
            most=_MOST_DIGITS - len(first),
            first_timeout_s=_BETWEEN_S if first else self.wait_s,
            next_timeout_s=_BETWEEN_S,
        )
        pii_number = first + collected.pii_digits
        if pii_number:
            run.progressed()
        return pii_number


async def _send(run: Run, texts: TextGateway, message: TextMessage) -> Sending:
    outcome = await texts.send(message)
    _tell(run, "sms", outcome)
    return outcome


def _tell(run: Run, to: str, outcome: str) -> None:
    services = run.services
    services.sink.emit(
        Deflected(
            at_ms=services.now_ms(),
            tenant=services.tenant,
            node=services.node,
            contact=run.data.contact,
            to=to,
            outcome=str(outcome),
        )
    )
