"""What every implementation of the Call port does. A test class takes the suite over and gives the fixture `world`."""

import asyncio
from typing import Protocol

import pytest

from ivr.ports.call import AgentLeg, Call, CallEnded, Clip

SHORT_S = 0.2
LONG_S = 30.0


class FarEnd(Protocol):
    """The caller's phone."""

    async def press(self, key: str) -> None:
        """Press a key; it has arrived when this returns."""

    async def hang_up(self) -> None:
        """Hang up; the call knows when this returns."""

    async def speak(self, duration_s: float) -> None:
        """Speak for so long; returns when it is said."""

    def heard(self) -> list[str]:
        """The texts of the clips that were heard, in order; music is left out."""


class AgentEnd(Protocol):
    """The agent's phone."""

    async def hang_up(self) -> None: ...

    @property
    def released(self) -> bool:
        """Whether the phone is on the hook again."""


class CallWorld(Protocol):
    """Makes what the suite needs."""

    async def make_call(self) -> tuple[Call, FarEnd]:
        """A call that rings and is not answered."""

    async def make_leg(self) -> tuple[AgentLeg, AgentEnd]:
        """An agent's phone that has answered."""

    def clip(self, text: str, duration_s: float) -> Clip: ...

    def voice_file(self) -> str:
        """Where a recording may be written."""


async def settle() -> None:
    """Let tasks that can go on do so."""
    await asyncio.sleep(0.05)


class CallContract:
    """The suite. Names are of behaviours; `world` is the implementation's."""

    async def test_a_call_is_not_answered_before_it_is_told_to(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        assert not call.answered
        await call.answer()
        await call.answer()
        assert call.answered

    async def test_what_is_said_early_is_heard_and_does_not_answer_the_call(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer(early=True)
        await call.answer(early=True)
        await call.play((world.clip("closed", SHORT_S),))
        assert not call.answered
        assert far.heard() == ["closed"]
        await call.hangup()

    async def test_a_call_that_was_heard_early_is_answered_later(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer(early=True)
        await call.play((world.clip("welcome", SHORT_S),))
        await call.answer()
        assert call.answered
        await call.answer(early=True)
        assert call.answered
        await call.play((world.clip("menu", SHORT_S),))
        assert far.heard() == ["welcome", "menu"]

    async def test_a_caller_who_gives_up_while_hearing_early_ends_what_plays(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer(early=True)
        plays = asyncio.ensure_future(call.play((world.clip("long", LONG_S),)))
        await settle()
        await far.hang_up()
        with pytest.raises(CallEnded):
            await asyncio.wait_for(plays, 5)

    async def test_clips_are_heard_in_order(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        assert await call.play((world.clip("one", SHORT_S), world.clip("two", SHORT_S))) is None
        assert far.heard() == ["one", "two"]

    async def test_a_key_that_is_wanted_ends_what_plays(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        playing = asyncio.ensure_future(call.play((world.clip("long", LONG_S), world.clip("never", 1)), keys="12"))
        await settle()
        await far.press("2")
        assert await asyncio.wait_for(playing, 5) == "2"
        assert far.heard() == ["long"]

    async def test_a_key_that_is_not_wanted_is_dropped(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        playing = asyncio.ensure_future(call.play((world.clip("menu", SHORT_S * 3),), keys="12"))
        await settle()
        await far.press("7")
        assert await playing is None
        assert (await call.collect(most=1, first_timeout_s=0.1)).pii_digits == ""

    async def test_a_key_pressed_ahead_counts_at_once(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        await far.press("1")
        assert await call.play((world.clip("menu", LONG_S),), keys="12") == "1"

    async def test_keys_pressed_while_nobody_asks_are_kept_for_the_next(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        playing = asyncio.ensure_future(call.play((world.clip("news", SHORT_S * 3),)))
        await settle()
        await far.press("3")
        await playing
        assert await call.play((world.clip("menu", LONG_S),), keys="123") == "3"

    async def test_digits_are_collected_until_there_are_enough(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        await far.press("1")
        collecting = asyncio.ensure_future(call.collect(most=3))
        await settle()
        await far.press("2")
        await far.press("3")
        collected = await asyncio.wait_for(collecting, 5)
        assert (collected.pii_digits, collected.ended_by) == ("123", "complete")

    async def test_the_terminator_ends_the_digits_and_is_none_of_them(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        for key in "42#":
            await far.press(key)
        collected = await call.collect(most=9)
        assert (collected.pii_digits, collected.ended_by) == ("42", "terminator")

    async def test_silence_ends_the_digits(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        assert (await call.collect(most=4, first_timeout_s=0.2)).ended_by == "timeout"
        await far.press("5")
        collected = await call.collect(most=4, first_timeout_s=9, next_timeout_s=0.2)
        assert (collected.pii_digits, collected.ended_by) == ("5", "timeout")

    async def test_a_recording_ends_with_its_key_and_tells_what_was_said(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=LONG_S))
        await settle()
        await far.speak(0.4)
        await far.press("5")
        assert not recording.done()
        await far.press("#")
        recorded = await asyncio.wait_for(recording, 5)
        assert recorded.ended_by == "terminator"
        assert recorded.duration_s >= recorded.spoken_s > 0.3
        assert (await call.collect(most=1, first_timeout_s=0.1)).pii_digits == ""

    async def test_a_key_that_was_pressed_before_ends_no_recording(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        await far.press("#")
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=LONG_S))
        await settle()
        assert not recording.done()
        await far.press("#")
        assert (await asyncio.wait_for(recording, 5)).ended_by == "terminator"

    async def test_silence_ends_a_recording(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=LONG_S, silence_s=0.4))
        await settle()
        await far.speak(0.6)
        recorded = await asyncio.wait_for(recording, 5)
        assert recorded.ended_by == "silence"
        assert 0.4 < recorded.spoken_s < 0.9

    async def test_who_says_nothing_has_spoken_for_no_time(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        await call.answer()
        recorded = await asyncio.wait_for(call.record(world.voice_file(), most_s=LONG_S, silence_s=0.3), 5)
        assert (recorded.ended_by, recorded.spoken_s) == ("silence", 0.0)

    async def test_a_recording_has_a_longest_time(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=0.3, silence_s=LONG_S))
        await settle()
        await far.speak(0.8)
        recorded = await asyncio.wait_for(recording, 5)
        assert recorded.ended_by == "full"
        assert recorded.duration_s < 0.5

    async def test_what_was_said_before_a_caller_hung_up_is_told_and_the_call_is_over(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=LONG_S))
        await settle()
        await far.speak(0.4)
        await far.hang_up()
        recorded = await asyncio.wait_for(recording, 5)
        assert recorded.ended_by == "hung_up"
        assert recorded.spoken_s > 0.3
        with pytest.raises(CallEnded):
            await call.record(world.voice_file(), most_s=LONG_S)

    async def test_our_own_hang_up_ends_a_recording(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        await call.answer()
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=LONG_S))
        await settle()
        await asyncio.wait_for(call.hangup("shutdown"), 5)
        assert (await asyncio.wait_for(recording, 5)).ended_by == "hung_up"

    async def test_after_a_recording_that_was_cancelled_the_call_goes_on(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        recording = asyncio.ensure_future(call.record(world.voice_file(), most_s=LONG_S))
        await settle()
        recording.cancel()
        await asyncio.wait({recording})
        assert await asyncio.wait_for(call.play((world.clip("next", SHORT_S),)), 5) is None
        await far.press("3")
        assert (await call.collect(most=1)).pii_digits == "3"
        assert (await call.record(world.voice_file(), most_s=0.2)).ended_by == "full"

    async def test_music_starts_at_once_and_gives_way(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        await asyncio.wait_for(call.start_music((world.clip("music", LONG_S),)), 2)
        await call.play((world.clip("news", SHORT_S),))
        await call.start_music((world.clip("music", LONG_S),))
        await call.stop_music()
        assert "news" in far.heard()

    async def test_after_a_play_that_was_cancelled_the_next_one_is_heard_to_its_end(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        playing = asyncio.ensure_future(call.play((world.clip("long", LONG_S),)))
        await settle()
        playing.cancel()
        await asyncio.wait({playing})
        assert await asyncio.wait_for(call.play((world.clip("next", SHORT_S),)), 5) is None
        assert far.heard() == ["long", "next"]

    async def test_keys_pressed_quickly_are_all_counted(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        playing = asyncio.ensure_future(call.play((world.clip("menu", LONG_S),), keys="123"))
        await settle()
        for key in "123":
            await far.press(key)
        assert await playing == "1"
        assert (await call.collect(most=2, first_timeout_s=1)).pii_digits == "23"

    async def test_a_caller_who_hangs_up_ends_the_wait_for_a_key(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        waits = asyncio.ensure_future(call.collect(most=1, first_timeout_s=LONG_S))
        await settle()
        await far.hang_up()
        with pytest.raises(CallEnded) as ended:
            await asyncio.wait_for(waits, 5)
        assert ended.value.cause == "caller_hung_up"

    async def test_a_caller_who_hangs_up_ends_what_plays(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        plays = asyncio.ensure_future(call.play((world.clip("long", LONG_S),), keys="1"))
        await settle()
        await far.hang_up()
        with pytest.raises(CallEnded):
            await asyncio.wait_for(plays, 5)

    async def test_nothing_can_be_done_with_a_call_that_is_over(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        await far.hang_up()
        with pytest.raises(CallEnded):
            await call.play((world.clip("late", SHORT_S),))
        with pytest.raises(CallEnded):
            await call.start_music(())
        with pytest.raises(CallEnded):
            await call.transfer("elsewhere")
        await call.hangup()

    async def test_the_end_is_told_once_with_its_cause(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        told: list[str] = []
        await call.answer()
        call.on_end(told.append)
        await far.hang_up()
        await call.hangup()
        await settle()
        assert told == ["caller_hung_up"]

    async def test_who_asks_late_is_told_of_the_end_too(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        await far.hang_up()
        told: list[str] = []
        call.on_end(told.append)
        await settle()
        assert told == ["caller_hung_up"]

    async def test_our_own_hang_up_is_told_with_our_cause(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        told: list[str] = []
        call.on_end(told.append)
        await call.answer()
        await call.hangup("flow_ended")
        await settle()
        assert told == ["flow_ended"]

    async def test_a_bridge_lasts_until_the_agent_hangs_up(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        await call.answer()
        leg, agent = await world.make_leg()
        talking = asyncio.ensure_future(call.bridge(leg))
        await settle()
        assert not talking.done()
        await agent.hang_up()
        assert await asyncio.wait_for(talking, 5) == "agent_hung_up"

    async def test_after_a_bridge_the_caller_is_still_there(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        leg, agent = await world.make_leg()
        talking = asyncio.ensure_future(call.bridge(leg))
        await settle()
        await agent.hang_up()
        await talking
        await call.play((world.clip("goodbye", SHORT_S),))
        assert far.heard()[-1] == "goodbye"

    async def test_a_caller_who_hangs_up_while_talking_releases_the_agent(self, world: CallWorld) -> None:
        call, far = await world.make_call()
        await call.answer()
        leg, agent = await world.make_leg()
        talking = asyncio.ensure_future(call.bridge(leg))
        await settle()
        await far.hang_up()
        with pytest.raises(CallEnded):
            await asyncio.wait_for(talking, 5)
        await settle()
        assert agent.released

    async def test_a_bridge_that_is_cancelled_releases_the_agent(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        await call.answer()
        leg, agent = await world.make_leg()
        talking = asyncio.ensure_future(call.bridge(leg))
        await settle()
        talking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await talking
        await settle()
        assert agent.released

    async def test_an_agent_who_was_not_needed_is_released(self, world: CallWorld) -> None:
        leg, agent = await world.make_leg()
        await leg.hang_up()
        await leg.hang_up()
        await settle()
        assert agent.released

    async def test_an_agent_who_hung_up_before_the_bridge_ends_it_at_once(self, world: CallWorld) -> None:
        call, _ = await world.make_call()
        await call.answer()
        leg, agent = await world.make_leg()
        await agent.hang_up()
        assert await asyncio.wait_for(call.bridge(leg), 5) == "agent_hung_up"
