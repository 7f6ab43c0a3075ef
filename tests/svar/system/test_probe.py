"""`svar probe` against a whole node: it rings by pyVoIP, in a process that knows nothing of svar."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from svar.probe.hearing import first_sound_s, read_wav
from tests.interop.peers import Finished, run
from tests.ports import free_port
from tests.svar.system.installation import Installation, eventually

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

FLOW = """
flow: test
title: Test
numbers: [5000, 5001]
languages: [nb]
start: menu
nodes:
  menu:
    type: menu
    say: {nb: Velkommen til oss. Tast to for en veileder og tre for noe annet.}
    keys: {2: two}
    wait: 8s
    attempts: 1
    no_choice: bye
  two: {type: say, say: {nb: Her er det noen helt andre ord som du hører etter at du tastet to.}, next: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "probe"
skills = {}
"""
PLAN = """
server = "127.0.0.1:{port}"
password_file = "{password}"
listen = "127.0.0.1:{figures}"
every = "1s"
{visits}
"""
LEARN = '[[visit]]\nnumber = "5000"\npress = "2"\nafter = "3s"\nlisten = "3s"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("node"), PARTS, flows={"test.yaml": FLOW}, trunks="")
    await made.start()
    yield made
    assert await made.stop() == 0


def plan(node: Installation, folder: Path, visits: str, figures: int = 9) -> Path:
    (folder / "probe.password").write_text(node.password("probe"))
    (folder / "plan.toml").write_text(
        PLAN.format(port=node.sip_port, password="probe.password", figures=figures, visits=visits)
    )
    return folder / "plan.toml"


async def probe(*arguments: str | Path) -> Finished:
    return await run([sys.executable, "-m", "svar", "probe", *map(str, arguments)], timeout_s=100)


async def test_what_was_heard_once_is_known_again_and_other_words_are_told_apart(
    node: Installation, tmp_path: Path
) -> None:
    learned = await probe(plan(node, tmp_path, LEARN), "--once", "--keep", tmp_path / "heard")
    assert learned.code == 0, learned.output
    main, then = tmp_path / "heard" / "5000.wav", tmp_path / "heard" / "5000-then.wav"
    assert first_sound_s(read_wav(main)) is not None
    right = LEARN + 'hears = "heard/5000.wav"\nthen_hears = "heard/5000-then.wav"\n'
    swapped = LEARN + 'hears = "heard/5000-then.wav"\n'
    known, other = await asyncio.gather(
        probe(plan(node, tmp_path, right), "--once"), _elsewhere(node, tmp_path, swapped, (main, then))
    )
    assert (known.code, "5000: through" in known.output) == (0, True), known.output
    assert (other.code, "5000: other words" in other.output) == (1, True), other.output


async def _elsewhere(node: Installation, folder: Path, visits: str, heard: tuple[Path, Path]) -> Finished:
    other = folder / "other"
    (other / "heard").mkdir(parents=True)
    for path in heard:
        (other / "heard" / path.name).write_bytes(path.read_bytes())
    return await probe(plan(node, other, visits), "--once")


async def test_a_number_that_nobody_answers_and_a_wrong_password_are_told(node: Installation, tmp_path: Path) -> None:
    path = plan(node, tmp_path, '[[visit]]\nnumber = "7777"\nanswer = "2s"\n')
    nobody = await probe(path, "--once")
    assert (nobody.code, "7777: unanswered" in nobody.output) == (1, True), nobody.output
    (tmp_path / "probe.password").write_text("guessed")
    refused = await probe(path, "--once")
    assert (refused.code, "7777: refused (probe could not register at" in refused.output) == (1, True), refused.output


async def test_figures_are_served_while_it_rings(node: Installation, tmp_path: Path) -> None:
    port = free_port()
    path = plan(node, tmp_path, '[[visit]]\nnumber = "5001"\nafter = "1s"\n', figures=port)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "svar", "probe", str(path), stdout=asyncio.subprocess.DEVNULL
    )
    try:

        async def told() -> bool:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return b'svar_probe_success{number="5001"} 1' in answer

        await eventually(told, "figure of a call", within_s=60)
    finally:
        child.terminate()
        await child.wait()
