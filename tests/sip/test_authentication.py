import pytest

from sip.authentication import Authenticator, Proof
from sip.config import Digest
from sip.message.auth import Challenge, authorize
from tests.sip.raw import raw, request

PASSWORDS = {"anna": "right"}
DIGEST = Digest("nav.example", PASSWORDS.get, b"secret")
NOW = 1000.0


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
) -> Proof:
    answer = authorize(
        given, username=user, password=password, method="REGISTER", uri="sip:nav.example", cnonce="c", nonce_count=count
    )
    return one.check(request(raw("REGISTER", f"Authorization: {answer}")), now)


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
    assert one.check(request(raw("REGISTER")), NOW) == Proof()
    assert one.check(request(raw("REGISTER", "Authorization: Basic eDp5")), NOW) == Proof()
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
