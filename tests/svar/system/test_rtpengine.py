"""A whole node whose media is carried by a real rtpengine: a caller hears the prompt and the music, and an agent."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from rtp import wav
from tests.ports import free_range
from tests.rtp.hearing import contains
from tests.rtp.media_contract import PROMPTS
from tests.rtp.rtpengine.daemon import daemon
from tests.svar.system.installation import ROOT, Installation, eventually, running

pytestmark = pytest.mark.interop

PARTS = """
[media]
engine = "rtpengine"
rtpengine = ["{address}"]
rtpengine_keys = "{keys}"
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = {{ work = 5 }}
"""
DEADLINE_S = 40
WINDOW = 4000


async def phone(installation: Installation, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "svar", *arguments, "--target", f"127.0.0.1:{installation.sip_port}",
        cwd=ROOT, env={**os.environ, "SVAR_STATE": str(installation.state)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def said(process: asyncio.subprocess.Process) -> str:
    output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    return output.decode()


def fits(heard: bytes, sounds: list[bytes]) -> float:
    return max(contains(heard, sound) for sound in sounds)


async def is_ready(installation: Installation) -> bool:
    return (await installation.agents()).get("ready") == 1


async def test_a_caller_hears_the_prompt_and_the_music_and_talks_with_an_agent(tmp_path: Path) -> None:
    first = free_range(50)
    with daemon(tmp_path / "rtpengine.log", first=first, last=first + 99) as server:
        parts = PARTS.format(
            address=f"{server.address[0]}:{server.address[1]}", keys=f"{server.keys[0]}:{server.keys[1]}"
        )
        installation = Installation(tmp_path / "site", parts)
        caller_heard, agent_heard = tmp_path / "caller.wav", tmp_path / "agent.wav"
        for name in ("low", "high"):
            (tmp_path / f"{name}.wav").write_bytes(wav.write(PROMPTS[name]))
        async with running(installation):
            agent = await phone(
                installation, "agent", "anna", "--auto-answer", "4s", "--talk", "2s", "--calls", "1",
                "--for", "30s", "--record", str(agent_heard), "--play", str(tmp_path / "high.wav"),
            )  # fmt: skip
            await eventually(lambda: is_ready(installation), "agent who is ready")
            caller = await phone(
                installation, "call", "5000", "--press", "2", "--after", "500ms", "--for", "30s",
                "--record", str(caller_heard), "--play", str(tmp_path / "low.wav"),
            )  # fmt: skip
            told = [await said(process) for process in (caller, agent)]
            assert (caller.returncode, agent.returncode) == (0, 0), told
            await installation.quiet()
            [record] = installation.records()
            assert record["outcome"] == "answered"
        heard = wav.a_law(caller_heard.read_bytes())
        prompts = {path.name: path.read_bytes() for path in (installation.state / "prompts").glob("*.al")}
        music = [sound for name, sound in prompts.items() if name.startswith("music")]
        spoken = [sound for name, sound in prompts.items() if not name.startswith("music") and len(sound) > WINDOW]
        assert fits(heard[:WINDOW], spoken) > 0.95
        assert max(fits(heard[at : at + WINDOW], music) for at in range(0, len(heard) - WINDOW, WINDOW)) > 0.95
        assert contains(heard, PROMPTS["high"]) > 0.95
        assert contains(wav.a_law(agent_heard.read_bytes()), PROMPTS["low"]) > 0.95
