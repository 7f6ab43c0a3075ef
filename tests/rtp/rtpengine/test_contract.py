"""The contract of the media port, as far as rtpengine keeps it; the rest stands in CANNOT and in docs/rtpengine.md."""

import gc
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rtp import wav
from rtp.engine import MediaEngine, RecordingEnded
from rtp.rtpengine.aio.engine import RtpengineMediaEngine, RtpengineSettings
from tests.ports import free_range
from tests.rtp.media_contract import TIMEOUT_S, UNHEARD_LIMIT_S, MediaContract, Switchboard
from tests.rtp.phone import Phone, until
from tests.rtp.rtpengine.daemon import Daemon, daemon

pytestmark = pytest.mark.interop

PORTS = 400

NO_REPORTS = "rtpengine 10.5 makes no reports of its own and tells of none; those of bridged phones it passes on"
LEARNS = "rtpengine learns the source anew for three seconds after each description, and takes any until then"

CANNOT = {
    "test_an_exhausted_pool_is_503_until_quarantine_has_passed": (
        "ports are rtpengine's: a full range is 503, but which port is free again when is its own affair"
    ),
    "test_a_phone_gets_packets_as_long_as_it_asks_for[ptime:40-8]": (
        "what does not fill the last packet is not sent: up to 20 ms of a prompt, at 40 ms a packet"
    ),
    "test_a_bridge_continues_the_stream_that_was_played": (
        "what is played and what is passed on are two streams (SSRC), each with its own numbers"
    ),
    "test_loss_before_the_bridge_is_passed_on_and_counted": "loss and jitter are not told for each leg",
    "test_comfort_noise_is_borne_and_is_no_loss_on_either_side": (
        "comfort noise that was not agreed leaves gaps in the numbers of what is passed on"
    ),
    "test_keys_pass_the_bridge_under_the_other_legs_number_and_are_told": (
        "between phones with different numbers for telephone events, keys pass under the sender's and are not told"
    ),
    "test_injected_packets_of_another_source_are_ignored": LEARNS,
    "test_a_phone_that_moves_is_heard_after_an_update_only": LEARNS,
    "test_silence_is_told_once_and_then_another_source_is_let_in": (
        "a source that moved is let in after a new description only, and nobody is told"
    ),
    "test_a_phone_is_told_what_it_was_sent_and_how_it_is_heard": NO_REPORTS,
    "test_what_a_phone_reports_is_in_the_figures": NO_REPORTS,
    "test_a_phone_behind_nat_is_reported_to_where_its_reports_come_from": NO_REPORTS,
    "test_reports_of_another_source_and_nonsense_are_not_believed": NO_REPORTS,
    "test_a_leg_that_reported_says_goodbye": NO_REPORTS,
}
"""What of the contract rtpengine cannot keep, and why; docs/rtpengine.md has the same table."""

PATIENT = "test_a_phone_behind_nat_is_reported_to_where_its_reports_come_from"
"""Of the tests that wait five seconds for a report, the one that is run."""


@pytest.fixture(scope="module")
def rtpengine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    first = free_range(PORTS // 2)
    with daemon(tmp_path_factory.mktemp("rtpengine") / "log", first=first, last=first + PORTS - 1) as started:
        yield started


@pytest.fixture
def cannot(request: pytest.FixtureRequest) -> Iterator[None]:
    name = request.node.originalname
    reason = CANNOT.get(request.node.name) or CANNOT.get(name)
    if reason is not None:
        run = reason is not NO_REPORTS or name == PATIENT
        request.applymarker(pytest.mark.xfail(strict=True, run=run, reason=reason))
    yield
    if reason is not None:
        # A test that fails half-way leaves the phones open that it made for itself.
        for left in gc.get_objects():
            if isinstance(left, Phone):
                left.hang_up()


@pytest.mark.usefixtures("cannot")
class TestRtpengine(MediaContract):
    counts_by_clock = 1

    @pytest.fixture
    async def engine(self, rtpengine: Daemon, tmp_path: Path) -> AsyncIterator[MediaEngine]:
        engine = RtpengineMediaEngine(
            RtpengineSettings(
                (rtpengine.address,),
                rtpengine.keys,
                tmp_path / "sounds",
                rtp_timeout_s=TIMEOUT_S,
                unheard_limit_s=UNHEARD_LIMIT_S,
            )
        )
        yield engine
        await engine.shutdown()

    async def test_a_recording_that_is_full_says_so_and_costs_the_call_nothing(
        self, board: Switchboard, tmp_path: Path
    ) -> None:
        """As in the contract, but the copy that is recorded comes a moment after what is passed on."""
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        path = tmp_path / "call.wav"
        await board.engine.record(a.leg, str(path), most_s=0.1)
        a.phone.talk(count=20)
        await b.phone.hears(20)
        await until(lambda: a.told(RecordingEnded) == [RecordingEnded(a.leg, "full")], "end of the recording")
        await board.engine.stop_record(a.leg)
        assert len(wav.a_law(path.read_bytes())) == 800


def test_the_page_lists_what_it_cannot_do() -> None:
    page = Path("docs/rtpengine.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(test_[^`]+)` \| (.+) \|$", page, re.MULTILINE)
    assert dict(rows) == CANNOT
