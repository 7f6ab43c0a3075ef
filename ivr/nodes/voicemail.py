"""voicemail: let the caller leave a message."""

import asyncio
from collections.abc import Iterable
from enum import Enum
from typing import ClassVar, Literal

import structlog
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from events.catalogue import VoicemailLeft
from ivr.language.prompting import Said
from ivr.language.schema import Attempts, Length, LengthOrNone, Name, Target, Texts, Where
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Way
from ivr.nodes.base import Node
from ivr.ports.mailboxes import About, Draft, MailboxError, Mailboxes
from ivr.running.run import Run

_log = structlog.get_logger(__name__)

LONGEST_S = 600.0
_KEPT_WITHIN_S = 3.0
"""How long the end of a call waits for a message to be kept, so that what became of the contact is told rightly."""


class _Left(Enum):
    KEPT = "kept"
    TOO_SHORT = "too short"
    FAILED = "failed"


class Voicemail(Node):
    """Says `say`, beeps, and records until the terminator, silence, the longest time, or until the caller hangs up.

    A message shorter than `least` is not kept, and asked for again, `attempts` times in all. `failed` is where those go
    whose message cannot be kept: the mailbox is full or not there, the disk does not take it, or nothing was said. Who
    presses the terminator during `say` speaks at once; who hangs up while speaking has left the message. A caller whom
    a queue's overflow leads straight here has flowed out of it with the cause `voicemail`.

    ```yaml
    leave_message:
      type: voicemail
      mailbox: family
      say: {nb: "Legg igjen en beskjed etter pipetonen, og tast firkant."}
      most: 2m
      saved: {nb: "Takk. Vi har mottatt beskjeden."}
      done: goodbye
      failed: call_again
    ```
    """

    flows_out_as: ClassVar[str] = "voicemail"

    type: Literal["voicemail"]
    mailbox: Name = Field(description="A `[[mailbox]]` of the deployment.")
    say: Texts = Field(description="Said before the beep.")
    most_s: Length = Field(default=120.0, alias="most", description="The longest message, at most 10m.")
    least_s: LengthOrNone = Field(default=2.0, alias="least", description="What is shorter is no message.")
    silence_s: LengthOrNone = Field(default=5.0, alias="silence", description="Silence that ends it; 0s: none does.")
    terminator: Literal["#", "*", ""] = Field(default="#", description="The key that ends it; empty: none does.")
    attempts: Attempts = Field(default=2, description="How often a message is asked for in all.")
    too_short: Texts | None = Field(default=None, description="Said after too short a message, before `say` again.")
    saved: Texts | None = Field(default=None, description="Said when the message is kept.")
    done: Target = Field(description="When the message is kept.")
    failed: Target = Field(description="When no message was kept.")

    @model_validator(mode="after")
    def _in_order(self) -> "Voicemail":
        if self.most_s > LONGEST_S:
            raise PydanticCustomError("order", "most is more than 10m")
        if self.least_s >= self.most_s:
            raise PydanticCustomError("order", "least is not less than most")
        return self

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("mailbox",): ("mailbox", self.mailbox)}

    def ways(self) -> tuple[Way, ...]:
        return (Way(("done",), self.done, Kind.DONE), Way(("failed",), self.failed, Kind.FAILED))

    def moves(self, moment: Moment) -> Iterable[Move]:
        done, failed = self.ways()
        silence_s = self.silence_s or self.most_s
        saved = () if self.saved is None else (self.saved,)
        yield Move(done, (self.say, *saved), silence_s, reached=Reached.VOICEMAIL, acts=(Act("records"),))
        again = (self.say,) if self.too_short is None else (self.too_short, self.say)
        asked = (self.say, *again * (self.attempts - 1))
        yield Move(failed, asked, silence_s * self.attempts, acts=[Act("silence")] * self.attempts)
        yield Move(failed, acts=(Act("full", self.mailbox),))

    def heard(self) -> dict[Where, Said]:
        texts = self.texts()
        if self.attempts == 1:
            texts.pop(("too_short",), None)
        return texts

    async def run(self, run: Run) -> str | None:
        mailboxes = run.services.mailboxes
        if mailboxes is None:
            _log.warning("there are no mailboxes here", contact=run.data.contact, mailbox=self.mailbox)
            return self.failed
        for attempt in range(self.attempts):
            left = await self._ask(run, mailboxes, again=attempt > 0)
            if left is _Left.KEPT:
                run.progressed()
                if self.saved is not None:
                    await run.say(self.saved)
                return self.done
            if left is _Left.FAILED:
                return self.failed
        return self.failed

    async def _ask(self, run: Run, mailboxes: Mailboxes, *, again: bool) -> _Left:
        """The place first: nobody speaks to a mailbox that is full."""
        services = run.services
        try:
            draft = await mailboxes.begin(self.mailbox, run.data.contact, services.now_ms(), self.most_s)
        except MailboxError as error:
            _log.warning("a message cannot be left", contact=run.data.contact, error=str(error))
            return _Left.FAILED
        try:
            if again and self.too_short is not None:
                await run.say(self.too_short)
            if not run.call.answered:
                await run.call.answer()
            await run.say(self.say, keys=self.terminator)
            await run.call.play((mailboxes.beep,))
        except BaseException:
            services.commands.own(mailboxes.drop(draft))
            raise
        # Owned by nobody who ends with the call: what was said until then is kept.
        taking = services.commands.own(self._take(run, mailboxes, draft))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait({taking}, timeout=_KEPT_WITHIN_S)
            raise

    async def _take(self, run: Run, mailboxes: Mailboxes, draft: Draft) -> _Left:
        try:
            recorded = await run.call.record(
                draft.path, most_s=self.most_s, silence_s=self.silence_s, terminator=self.terminator
            )
        except BaseException:
            await mailboxes.drop(draft)
            raise
        if recorded.ended_by == "failed" or recorded.spoken_s < self.least_s:
            await mailboxes.drop(draft)
            return _Left.FAILED if recorded.ended_by == "failed" else _Left.TOO_SHORT
        try:
            await mailboxes.keep(draft, self._about(run, round(recorded.duration_s * 1000)))
        except MailboxError as error:
            _log.error("a message is lost", contact=run.data.contact, error=str(error))
            return _Left.FAILED
        run.data.elsewhere.message = draft.message
        self._tell(run, draft, round(recorded.duration_s * 1000))
        return _Left.KEPT

    def _about(self, run: Run, duration_ms: int) -> About:
        info = run.call.info
        service = run.data.frames[0].flow if run.data.frames else run.data.flow
        return About(info.contact, info.number, service, run.language, duration_ms, info.pii_caller)

    def _tell(self, run: Run, draft: Draft, duration_ms: int) -> None:
        services = run.services
        services.sink.emit(
            VoicemailLeft(
                at_ms=services.now_ms(),
                tenant=services.tenant,
                node=services.node,
                contact=run.data.contact,
                mailbox=self.mailbox,
                message=draft.message,
                duration_ms=duration_ms,
            )
        )
