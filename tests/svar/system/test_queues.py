"""Queues that come while callers talk: the configuration is read again, and nobody is cut off."""

import signal
from pathlib import Path

from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import phones_at
from tests.svar.system.publishing import publisher, redis_of, serving

PARTS = '[[queue]]\nname = "work"\n[[agent]]\nname = "anna"\nskills = { work = 5 }\n'
NEW = '[[queue]]\nname = "housing"\ntitle = "Bostøtte"\nskill = "work"\ntarget_s = 30\n'
FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: housing, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""


def again(node: Installation) -> None:
    """Let the node read its configuration again."""
    assert node.process is not None
    node.process.send_signal(signal.SIGHUP)


async def test_a_new_queue_is_taken_up_by_a_node_in_service(tmp_path: Path) -> None:
    node = Installation(tmp_path, PARTS)
    async with running(node), phones_at(node) as phones, publisher(redis_of(node)) as admin:
        before = await phones.answered_call()
        version = await admin.publish({"test.yaml": FLOW.encode()})
        assert "there is no queue 'housing'" in await admin.refused(version)
        await eventually(lambda: ailing(node), "an ailing node")  # a report is kept for a second

        node.config.write_text(node.config.read_text() + "[[queue]\n")
        again(node)
        await eventually(lambda: told(node, "cannot be read again"), "the mistake in the log")
        node.config.write_text(node.config.read_text().removesuffix("[[queue]\n") + NEW)
        again(node)
        await eventually(lambda: told(node, "the queues were read again"), "the new queue")

        version = await admin.publish({"test.yaml": (FLOW + "\n# again\n").encode()})
        await serving(node, active=version)
        late = await phones.answered_call()
        await eventually(lambda: waiting(node), "a caller in the new queue")
        assert not before.ended
        assert "Bostøtte" in await node.page("/")
        late.hang_up()
        await until(lambda: late.ended, "end of the call")


async def ailing(node: Installation) -> bool:
    return '"status": "ailing"' in await node.get("/health")


async def told(node: Installation, words: str) -> bool:
    return words in node.log()


async def waiting(node: Installation) -> bool:
    return (await node.metrics()).get('svar_queue_waiting{queue="housing"}') == 1
