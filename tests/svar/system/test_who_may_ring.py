"""Without a trunk, agents who prove themselves may dial the service numbers, and nobody else."""

from pathlib import Path

from sip.events import Accepted, Rejected
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import phones_at

AGENT = '[[agent]]\nname = "anna"\nskills = { work = 5 }\n[[queue]]\nname = "work"\n'
BYE = (
    "flow: test\ntitle: Test\nnumbers: [5000]\nlanguages: [nb]\nstart: bye\n"
    "nodes:\n  bye: {type: hangup, say: {nb: Ha det bra.}}\n"
)


async def test_an_agents_phone_may_ring_a_service_number_and_a_stranger_may_not(tmp_path: Path) -> None:
    installation = Installation(tmp_path, AGENT, flows={"test.yaml": BYE}, trunks="")
    async with running(installation), phones_at(installation) as phones:
        guessed = await phones.dial_code("anna", "5000", "guess")
        assert [event.status for event in guessed.heard_of if isinstance(event, Rejected)] == [401]
        talked = await phones.dial_code("anna", "5000")
        assert talked.count(Accepted) == 1
        await installation.quiet()
        [record] = installation.records()
        assert (record["number"], record["trunk"], record["outcome"]) == ("5000", "anna", "completed")
        assert record["pii_caller"] == ""
