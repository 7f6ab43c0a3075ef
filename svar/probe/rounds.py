"""Ring each number in turn, and judge what was heard."""

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from svar.probe.hearing import first_sound_s, likeness, longest_of, read_wav
from svar.probe.plan import Plan, Visit

CAUSES = (
    "through",
    "refused",
    "unanswered",
    "ended",
    "silent",
    "other_words",
    "key_silent",
    "key_other_words",
    "fault",
)
NO_PHONE = "the probe's phone is not installed: bin/setup probe"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one visit: `cause` is one of CAUSES. `sound_s` counts from the answer, `key_sound_s` from the key.

    `likeness` is that of the worse of the two parts; 1 where no recording was given.
    """

    number: str
    cause: str
    answer_s: float = 0.0
    sound_s: float = 0.0
    key_sound_s: float = 0.0
    likeness: float = 0.0
    detail: str = ""

    @property
    def through(self) -> bool:
        return self.cause == "through"


Keep = Callable[[str, bytes, bytes], None]
"""Takes a number and what was heard before and after the key."""


async def visit(plan: Plan, one: Visit, keep: Keep = lambda _number, _first, _then: None) -> Outcome:
    """Ring it. A phone that hangs is killed after the visit's longest time; nothing raises for what a call does."""
    with tempfile.TemporaryDirectory(prefix="svar-probe-") as name:
        first, then = Path(name, "first"), Path(name, "then")
        state, answer_s, detail = await _ring(plan, one, first, then)
        if state == "fault":  # of the probe's own phone, which says nothing of the service: once more
            state, answer_s, detail = await _ring(plan, one, first, then)
        before, after = _read(first), _read(then)
    keep(one.number, before, after)
    if state == "refused":
        detail = f"{plan.user} could not register at {plan.host}:{plan.port}: is it there, is its password right?"
    if state != "heard":
        return Outcome(one.number, state if state in CAUSES else "fault", answer_s, detail=detail)
    return judged(one, answer_s, before, after)


def judged(one: Visit, answer_s: float, before: bytes, after: bytes) -> Outcome:
    """What the visit's two parts are worth."""
    sound_s, key_sound_s = first_sound_s(before), first_sound_s(after)
    if sound_s is None:
        return Outcome(one.number, "silent", answer_s)
    like = _like(before, one.hears, one.after_s)
    if like < one.likeness:
        return Outcome(one.number, "other_words", answer_s, sound_s, likeness=like)
    if not one.press:
        return Outcome(one.number, "through", answer_s, sound_s, likeness=like)
    if key_sound_s is None:
        return Outcome(one.number, "key_silent", answer_s, sound_s, likeness=like)
    key_like = _like(after, one.then_hears, one.listen_s)
    cause = "through" if key_like >= one.likeness else "key_other_words"
    return Outcome(one.number, cause, answer_s, sound_s, key_sound_s, min(like, key_like))


def _like(samples: bytes, recording: Path | None, seconds: float) -> float:
    return 1.0 if recording is None else likeness(samples, longest_of(read_wav(recording), seconds))


async def _ring(plan: Plan, one: Visit, first: Path, then: Path) -> tuple[str, float, str]:
    said = {
        "host": plan.host, "port": plan.port, "user": plan.user, "password": plan.password, "own": plan.own,
        "number": one.number, "press": one.press, "after_s": one.after_s, "listen_s": one.listen_s,
        "answer_s": one.answer_s, "own_port": _free_port(plan.own), "rtp_port": _free_port(plan.own),
        "heard": str(first), "then_heard": str(then),
    }  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "svar.probe.caller", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await asyncio.wait_for(child.communicate(json.dumps(said).encode()), one.longest_s)
        told = json.loads(output)
        return str(told["state"]), float(told["answer_s"]), ""
    except TimeoutError:
        return "fault", 0.0, f"the phone did not end in {one.longest_s:g} s"
    except (ValueError, KeyError, TypeError):
        lines = errors.decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"the phone ended with status {child.returncode} and no word"
        return "fault", 0.0, NO_PHONE if "No module named 'pyVoIP'" in last else last
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _free_port(host: str) -> int:
    """An even one; even if it is taken meanwhile, the next round tries another."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
            if port % 2 == 0:
                return port
    return port
