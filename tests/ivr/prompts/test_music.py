"""The music on hold."""

from ivr.prompts.music import LEVEL_DBFS, RATE_HZ, compose
from ivr.prompts.samples import largest_step, rms_dbfs


def test_the_music_is_long_quiet_and_loops_without_a_click() -> None:
    loop = compose()
    assert 30 <= len(loop) / RATE_HZ <= 60
    assert abs(rms_dbfs(loop) - LEVEL_DBFS) < 0.1
    assert largest_step(loop[-50:] + loop[:50]) <= largest_step(loop)
    assert largest_step(loop) < 6000
    quietest = min(rms_dbfs(loop[at : at + RATE_HZ // 2]) for at in range(0, len(loop), RATE_HZ // 2))
    assert quietest > LEVEL_DBFS - 12


def test_the_music_is_the_same_every_time() -> None:
    assert compose() == compose()
