"""From `[[lookup]]` and `[sms]` to clients: every mistake is told, and secrets stand elsewhere."""

from pathlib import Path

import pytest

from ivr.ports.texting import Sending, TextMessage
from svar import web
from svar.checks import check, files
from svar.config import Config, ConfigError, Lookup, LookupLimits, Notice, Sms, SmsCaps, WebHeaders, load
from tests.ivr.web.servers import says, serving

CASES = Lookup(name="cases", url="https://cases.example/api")
GATEWAY = Sms(url="https://sms.example/send")


def told(config: Config) -> str:
    return "\n".join(web.mistakes(config))


def test_what_is_right_is_not_complained_of() -> None:
    inside = Lookup(name="inside", url="http://10.1.2.3:8080/", networks=["10.1.2.0/24"])
    assert told(Config(lookup=[CASES, inside], sms=GATEWAY)) == ""
    assert told(Config()) == ""


@pytest.mark.parametrize(
    ("lookup", "said"),
    [
        (Lookup(name="Cases", url=CASES.url), "name: expected small letters"),
        (Lookup(name="a", url="cases.example"), "expected one such as https://cases.example/api"),
        (Lookup(name="a", url="ftp://cases.example"), "expected one such as https://"),
        (Lookup(name="a", url="https://user:word@cases.example"), "a password belongs into headers.files"),
        (Lookup(name="a", url="https://cases.example/?a=b"), "scheme, host and path alone"),
        (Lookup(name="a", url="https://cases.example/a b"), "scheme, host and path alone"),
        (Lookup(name="a", url="https://cases.example:99999"), "99999"),
        (Lookup(name="a", url="https://[::1"), "url = 'https://[::1'"),
        (Lookup(name="a", url="http://cases.example"), "expected https://, or `networks`"),
        (Lookup(name="a", url="https://10.0.0.1"), "the address is not public"),
        (Lookup(name="a", url="https://10.0.0.1", networks=["10.1.0.0/16"]), "the address is not public"),
        (Lookup(name="a", url=CASES.url, networks=["10.0.0.1/8"]), "networks: 10.0.0.1/8 has host bits set"),
        (Lookup(name="a", url=CASES.url, networks=["::/0"]), "a network of all addresses names none"),
        (Lookup(name="a", url=CASES.url, timeout_ms=0), "timeout_ms = 0: expected 1 to 30000"),
        (Lookup(name="a", url=CASES.url, limits=LookupLimits(at_once=0)), "limits.at_once = 0"),
        (Lookup(name="a", url=CASES.url, limits=LookupLimits(most_bytes=2**30)), "limits.most_bytes"),
        (Lookup(name="a", url=CASES.url, headers=WebHeaders(plain={"Authorization": "x"})), "is a secret"),
        (Lookup(name="a", url=CASES.url, headers=WebHeaders(plain={"Host": "x"})), "none of those that svar writes"),
        (Lookup(name="a", url=CASES.url, headers=WebHeaders(plain={"X-A": "a\nb"})), "printable"),
        (Lookup(name="a", url=CASES.url, headers=WebHeaders(plain={"X-A": "a"}, env={"x-a": "B"})), "there twice"),
    ],
)
def test_mistakes_of_a_lookup_are_told(lookup: Lookup, said: str) -> None:
    assert said in told(Config(lookup=[lookup]))


@pytest.mark.parametrize(
    ("sms", "said"),
    [
        (Sms(url="http://sms.example"), "[sms]: url"),
        (Sms(url=GATEWAY.url, body={"a": "{to}"}), "[sms] body: no field says {text}"),
        (Sms(url=GATEWAY.url, body={"a": "{to}{text}{who}"}), "[sms] body: {who}: there are"),
        (Sms(url=GATEWAY.url, sender="a name that is long"), "[sms] sender"),
        (Sms(url=GATEWAY.url, region="Norge"), "[sms] region = 'Norge'"),
        (Sms(url=GATEWAY.url, prefixes=[]), "[sms] prefixes: expected"),
        (Sms(url=GATEWAY.url, prefixes=["47"]), "[sms] prefixes: '47'"),
        (Sms(url=GATEWAY.url, caps=SmsCaps(per_minute=0)), "[sms] caps.per_minute = 0"),
        (Sms(url=GATEWAY.url, caps=SmsCaps(per_number_per_hour=1000)), "[sms] caps.per_number_per_hour"),
    ],
)
def test_mistakes_of_the_gateway_are_told(sms: Sms, said: str) -> None:
    assert said in told(Config(sms=sms))


def test_they_are_told_with_all_the_others() -> None:
    with pytest.raises(ConfigError, match="lookup 'A'"):
        check(Config(lookup=[Lookup(name="A", url=CASES.url)]))


def test_two_lookups_of_one_name_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "svar.toml"
    one = '[[lookup]]\nname = "cases"\nurl = "https://cases.example"\n'
    file.write_text(one + one)
    with pytest.raises(ConfigError, match=r"toml:5: there is another lookup 'cases'"):
        load(file, {})


def test_files_stand_beside_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "svar.toml"
    file.write_text(
        '[[lookup]]\nname = "cases"\nurl = "https://cases.example"\nca = "ca.pem"\n'
        'headers.files = { Authorization = "cases.token" }\n'
        '[sms]\nurl = "https://sms.example"\nheaders.files = { X-Api-Key = "sms.key" }\n'
    )
    config = load(file, {})
    assert config.lookup[0].ca == str(tmp_path / "ca.pem")
    assert config.lookup[0].headers.files == {"Authorization": str(tmp_path / "cases.token")}
    assert config.sms.headers.files == {"X-Api-Key": str(tmp_path / "sms.key")}


def with_secret(path: Path | None = None, variable: str = "") -> Config:
    headers = WebHeaders(
        files={"Authorization": str(path)} if path else {}, env={"X-Api-Key": variable} if variable else {}
    )
    return Config(lookup=[Lookup(name="cases", url=CASES.url, headers=headers)])


def test_secrets_come_from_files_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("Bearer abc\n")
    file.chmod(0o600)
    assert list(files(with_secret(file, "KEY"), {"KEY": "def"})) == []
    assert "the environment variable KEY is not set" in "".join(files(with_secret(file, "KEY"), {}))


def test_secrets_that_others_may_read_or_that_are_missing_are_told(tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert "No such file" in "".join(files(with_secret(file), {}))
    file.write_bytes(b"a\nb")
    file.chmod(0o640)
    assert "chmod 600" in "".join(files(with_secret(file), {}))
    file.chmod(0o600)
    assert "not of printable characters" in "".join(files(with_secret(file), {}))
    file.write_bytes(b"\xff")
    assert "it is not text" in "".join(files(with_secret(file), {}))


def test_authorities_and_the_gateways_secret_are_looked_for_too(tmp_path: Path) -> None:
    gateway = Sms(url=GATEWAY.url, headers=WebHeaders(env={"X-Api-Key": "SMS_KEY"}))
    missing = Lookup(name="cases", url=CASES.url, ca=str(tmp_path / "no.pem"))
    said = list(files(Config(lookup=[missing], sms=gateway), {}))
    assert len(said) == 2
    assert "no.pem: No such file" in said[0]
    assert "SMS_KEY" in said[1]


async def test_authorities_that_are_none_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="cases: ca: "):
        web.lookups(Config(lookup=[Lookup(name="cases", url=CASES.url, ca=str(tmp_path / "ca.pem"))]), {})


async def test_clients_are_made_of_the_configuration() -> None:
    assert web.texts(Config(), {}) is None
    async with serving(says({})) as url:
        sms = Sms(url=url, networks=["127.0.0.1"], headers=WebHeaders(env={"X-Api-Key": "KEY"}))
        texts = web.texts(Config(sms=sms), {"KEY": "abc"})
        assert texts is not None
        assert await texts.send(TextMessage("91234567", "hei")) is Sending.SENT
        await texts.close()
    lookups = web.lookups(Config(lookup=[CASES]), {})
    await lookups.close()


def test_a_service_that_is_told_of_reserves_is_held_to_what_look_ups_are() -> None:
    notice = Notice(name="pager", url="http://127.0.0.1:1/told")
    assert "notice 'pager': url" in told(Config(notice=[notice]))


async def test_a_service_that_is_told_of_reserves_is_found_by_its_name() -> None:
    notice = Notice(name="pager", url="https://pager.example/told", headers=WebHeaders(env={"X-Key": "KEY"}))
    found = web.notices(Config(notice=[notice]), {"KEY": "secret"})
    assert found["pager"].service.headers == {"X-Key": "secret"}
    await found["pager"].close()
    with pytest.raises(ConfigError, match="notice 'pager': headers"):
        web.notices(Config(notice=[notice]), {})
