from sip.nonces import Freshness, Nonces

GOOD, STALE, FOREIGN = Freshness.GOOD, Freshness.STALE, Freshness.FOREIGN


def test_nonce_is_good_once_for_each_count() -> None:
    nonces = Nonces(b"secret", 300.0)
    nonce = nonces.issue(1000.0)
    assert [nonces.check(nonce, count, 1001.0) for count in (1, 1, 2, 5, 3, 6)] == [
        GOOD,
        STALE,
        GOOD,
        GOOD,
        STALE,
        GOOD,
    ]


def test_nonces_differ_even_within_a_moment() -> None:
    nonces = Nonces(b"secret", 300.0)
    assert len({nonces.issue(1000.0) for _ in range(100)}) == 100


def test_nonce_expires() -> None:
    nonces = Nonces(b"secret", 300.0)
    nonce = nonces.issue(1000.0)
    assert nonces.check(nonce, 1, 1300.5) is STALE
    assert nonces.check(nonce, 1, 1299.5) is GOOD


def test_nonce_of_a_node_whose_clock_is_far_ahead_is_stale() -> None:
    ahead, here = Nonces(b"shared", 300.0), Nonces(b"shared", 300.0)
    assert here.check(ahead.issue(1003.0), 1, 1000.0) is GOOD
    assert here.check(ahead.issue(1030.0), 1, 1000.0) is STALE


def test_nonce_of_another_secret_and_garbage_are_foreign() -> None:
    nonces = Nonces(b"secret", 300.0)
    assert nonces.check(Nonces(b"other", 300.0).issue(1000.0), 1, 1000.0) is FOREIGN
    stamp, _, mac = nonces.issue(1000.0).partition("-")
    for garbage in ("", "-", "x", f"{stamp}1-{mac}", f"{stamp}-{mac}0", "zz-ø", f"{stamp}{mac}"):
        assert nonces.check(garbage, 1, 1000.0) is FOREIGN


def test_use_that_was_forgotten_is_not_believed_again() -> None:
    nonces = Nonces(b"secret", 300.0)
    first = nonces.issue(1000.0)
    assert nonces.check(first, 1, 1000.0) is GOOD
    for _ in range(8192):
        nonces.check(nonces.issue(1000.0), 1, 1000.0)
    assert len(nonces._seen) == 8192
    assert nonces.check(first, 1, 1000.0) is STALE
    assert nonces.check(first, 2, 1000.0) is STALE
    assert nonces.check(nonces.issue(1000.1), 1, 1000.1) is GOOD
