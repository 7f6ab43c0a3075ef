"""50,000 messages that were made malformed at random: the node lives, answers at once, and does not grow."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.interop.peers import run
from tests.sip.torture import write_corpus_index
from tests.svar.system.installation import Installation, running

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parent.parent.parent
FUZZER = ROOT / "tests" / "tools" / "sip_mutfuzz.py"
CORPUS = Path(os.environ.get("SVAR_SHARED", ROOT.parent / "shared")) / "corpus" / "index.tsv"
MESSAGES, PER_S = 50_000, 4000
MOST_PROBE_MS = 1_000
"""A busy machine takes its time; a node that looked at each message for long would not answer for seconds."""
MOST_GROWTH_KIB = 40_000
"""What a node keeps for speed is full long before the end; a leak of a tenth of what came in is more than this."""
_OUTCOME = re.compile(r"^(\d+) messages .* dead (\d+), worst probe (\d+) ms, rss (\d+)->(\d+) KiB", re.MULTILINE)


async def test_node_outlives_fifty_thousand_malformed_messages(tmp_path: Path) -> None:
    """Made of the corpus where it is there, else of the torture messages that the project has."""
    index = CORPUS if CORPUS.exists() else write_corpus_index(tmp_path)
    async with running(Installation(tmp_path / "node", '[[queue]]\nname = "work"\n')) as node:
        assert node.process is not None
        command = [
            *(sys.executable, str(FUZZER), "--index", str(index), "--target", f"127.0.0.1:{node.sip_port}"),
            *("--n", str(MESSAGES), "--rate", str(PER_S), "--pid", str(node.process.pid)),
            *("--save", str(tmp_path / "crash")),
        ]
        finished = await run(command, timeout_s=100)
        outcome = _OUTCOME.search(finished.output)
        assert outcome is not None, finished.output[-2000:]
        sent, dead, probe_ms, before_kib, after_kib = map(int, outcome.groups())
        assert (finished.code, sent, dead) == (0, MESSAGES, 0)
        assert probe_ms <= MOST_PROBE_MS
        assert after_kib - before_kib <= MOST_GROWTH_KIB, finished.output[-200:]
        assert "Traceback" not in node.log()
        assert await node.total("svar_sip_messages_in_total") > 0.95 * MESSAGES
