from rtp.rtpengine.watch import Watch


def test_silence_is_told_once_until_it_is_heard_again() -> None:
    watch = Watch(10.0, None, 0.0)
    assert watch.look(5, 1.0) is None
    assert watch.look(5, 10.5) is None
    assert watch.look(5, 11.0) == 10_000
    assert watch.look(5, 30.0) is None
    assert watch.look(6, 31.0) is None
    assert watch.look(6, 41.5) == 10_500
    assert not watch.unheard


def test_who_may_stay_silent_is_borne_with() -> None:
    trusted = Watch(10.0, None, 0.0)
    assert trusted.look(0, 1000.0) is None
    assert not trusted.unheard


def test_a_stranger_that_is_never_heard_is_told_of() -> None:
    stranger = Watch(10.0, 3.0, 0.0)
    assert [stranger.look(0, now) for now in (2.9, 3.0, 9.0)] == [None, 3000, None]
    assert stranger.unheard


def test_a_stranger_that_speaks_after_all_is_one_like_others() -> None:
    stranger = Watch(10.0, 3.0, 0.0)
    assert [stranger.look(count, now) for count, now in ((0, 3.0), (1, 4.0))] == [3000, None]
    assert not stranger.unheard


def test_a_time_in_which_nothing_is_expected_does_not_count() -> None:
    watch = Watch(10.0, None, 0.0)
    watch.look(1, 0.0)
    watch.rest(8.0)
    assert watch.look(1, 17.0) is None
    assert watch.look(1, 18.0) == 10_000
