import pytest

from sip.authentication import Authenticator, Proof
from sip.config import Digest
from sip.message.auth import Challenge, HashedPassword, authorize
from tests.sip.raw import raw, request

PASSWORDS = {"anna": "right"}
DIGEST = Digest("nav.example", PASSWORDS.get, b"secret")
NOW = 1000.0
SOURCE = "198.51.100.1"


def challenge(one: Authenticator, algorithm: str = "SHA-256", now: float = NOW) -> Challenge:
    challenges = [Challenge.parse(value) for _, value in one.challenges(request(raw("REGISTER")), now)]
    return next(each for each in challenges if each.algorithm == algorithm)


def proof(
    one: Authenticator,
    given: Challenge,
    *,
    user: str = "anna",
    password: str = "right",
    count: int = 1,
    now: float = NOW,
    source: str = SOURCE,
) -> Proof:
    answer = authorize(
        given, username=user, password=password, method="REGISTER", uri="sip:nav.example", cnonce="c", nonce_count=count
    )
    return one.check(request(raw("REGISTER", f"Authorization: {answer}")), source, now)


def test_challenge_offers_sha_256_before_md5_with_one_nonce() -> None:
    lines = Authenticator(DIGEST).challenges(request(raw("REGISTER", "User-Agent: Linphone/5")), NOW)
    challenges = [Challenge.parse(value) for _, value in lines]
    assert [name for name, _ in lines] == ["WWW-Authenticate"] * 2
    assert [one.algorithm for one in challenges] == ["SHA-256", "MD5"]
    assert len({one.nonce for one in challenges}) == 1
    assert all(one.qop == ("auth",) and one.realm == "nav.example" for one in challenges)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_right_password_proves_the_user(algorithm: str) -> None:
    one = Authenticator(DIGEST)
    assert proof(one, challenge(one, algorithm)) == Proof("anna", ours=True)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_what_is_kept_of_a_password_suffices_to_check_it(algorithm: str) -> None:
    kept = HashedPassword.of("anna", "nav.example", "right")
    one = Authenticator(Digest("nav.example", {"anna": kept}.get, b"secret"))
    assert proof(one, challenge(one, algorithm)) == Proof("anna", ours=True)
    assert proof(one, challenge(one, algorithm), password="wrong") == Proof(ours=True)
    assert proof(one, challenge(one, algorithm), password=kept.a1(algorithm)) == Proof(ours=True)


def test_what_is_kept_of_a_password_is_good_for_one_user_and_realm() -> None:
    for kept in (HashedPassword.of("bjorn", "nav.example", "right"), HashedPassword.of("anna", "else", "right")):
        one = Authenticator(Digest("nav.example", {"anna": kept}.get, b"secret"))
        assert proof(one, challenge(one)) == Proof(ours=True)
        assert kept.md5 not in repr(kept)


def test_wrong_password_and_unknown_user_look_the_same() -> None:
    one = Authenticator(DIGEST)
    wrong = proof(one, challenge(one), password="wrong")
    unknown = proof(one, challenge(one), user="nobody", password="guess")
    assert wrong == unknown == Proof(ours=True)


def test_replay_and_old_nonce_are_stale_and_a_counted_use_is_not() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    assert proof(one, given).user == "anna"
    assert proof(one, given) == Proof(ours=True, stale=True)
    assert proof(one, given, count=2).user == "anna"
    assert proof(one, challenge(one), now=NOW + 301) == Proof(ours=True, stale=True)


def test_nonce_of_somebody_else_is_not_stale_but_wrong() -> None:
    one = Authenticator(DIGEST)
    other = Authenticator(Digest("nav.example", PASSWORDS.get, b"other"))
    assert proof(one, challenge(other)) == Proof(ours=True)


def test_nodes_that_share_the_secret_believe_each_others_nonces() -> None:
    here = Authenticator(Digest("nav.example", PASSWORDS.get, b"shared", wall_offset_s=50_000.0))
    there = Authenticator(Digest("nav.example", PASSWORDS.get, b"shared", wall_offset_s=49_000.0))
    assert proof(here, challenge(there, now=2000.0), now=1001.0).user == "anna"


def test_request_without_credentials_for_our_realm_proves_nothing() -> None:
    one = Authenticator(DIGEST)
    assert one.check(request(raw("REGISTER")), SOURCE, NOW) == Proof()
    assert one.check(request(raw("REGISTER", "Authorization: Basic eDp5")), SOURCE, NOW) == Proof()
    assert proof(one, Challenge("elsewhere", challenge(one).nonce)) == Proof()


def test_credentials_that_do_not_count_their_uses_are_good_once() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    without = Challenge(given.realm, given.nonce, "MD5", qop=())
    assert proof(one, without).user == "anna"
    assert proof(one, without) == Proof(ours=True, stale=True)
    assert proof(one, given) == Proof(ours=True, stale=True)


@pytest.mark.parametrize("phone", ["baresip v1.0.0 (x86_64/linux)", "sipsak 0.9.8.1", "pyVoIP 1.6.8"])
def test_phone_that_cannot_choose_is_offered_md5_alone(phone: str) -> None:
    one = Authenticator(DIGEST)
    ((_, line),) = one.challenges(request(raw("REGISTER", f"User-Agent: {phone}")), NOW)
    assert Challenge.parse(line).algorithm == "MD5"


def test_algorithms_are_offered_as_configured() -> None:
    one = Authenticator(Digest("nav.example", PASSWORDS.get, b"secret", algorithms=("MD5",)))
    ((_, line),) = one.challenges(request(raw("REGISTER")), NOW)
    assert Challenge.parse(line).algorithm == "MD5"


def test_guesses_at_a_user_are_few_however_many_sources_guess() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    for number in range(10):
        assert proof(one, given, password=f"guess{number}", source=f"203.0.113.{number}") == Proof(ours=True)
    assert proof(one, given) == Proof(ours=True)
    assert proof(one, given, now=NOW + 10).user == "anna"


def test_guesses_of_a_source_are_few_however_many_users_it_guesses_at() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    for number in range(20):
        assert proof(one, given, user=f"nobody{number}") == Proof(ours=True)
    assert proof(one, given) == Proof(ours=True)
    assert proof(one, given, source="203.0.113.1").user == "anna"


def test_who_proved_who_they_are_is_believed_there_while_others_guess() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    assert proof(one, given).user == "anna"
    for number in range(50):
        proof(one, given, password=f"guess{number}", source=f"203.0.113.{number}")
    assert proof(one, given, count=2, source="203.0.113.99").user is None
    assert proof(one, given, count=2).user == "anna"


def test_guesses_are_few_where_the_user_was_proven_too() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    assert proof(one, given).user == "anna"
    for number in range(10):
        proof(one, given, password=f"guess{number}")
    assert proof(one, given, count=2) == Proof(ours=True)
    assert proof(one, given, count=2, now=NOW + 10).user == "anna"


def test_the_memory_of_where_users_were_proven_is_bounded() -> None:
    one = Authenticator(DIGEST)
    given = challenge(one)
    for number in range(1, 4100):
        assert proof(one, given, count=number, source=f"10.0.{number >> 8}.{number & 255}").user == "anna"
    assert len(one._guesses._homes) == 4096


def test_a_guess_that_is_not_weighed_does_not_tell_that_it_was_right() -> None:
    one = Authenticator(DIGEST)
    given, old = challenge(one), challenge(one, now=NOW - 301)
    for number in range(10):
        proof(one, given, password=f"guess{number}")
    assert proof(one, old) == Proof(ours=True)
