"""The configuration: defaults, environment, and what a mistake looks like."""

from pathlib import Path

import pytest

from svar.config import ConfigError, load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "svar.toml"
    path.write_text(text)
    return path


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text), {})
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]


def test_an_empty_file_listens_on_loopback_only(tmp_path: Path) -> None:
    config = load(written(tmp_path, ""), {})
    assert config.sip.host == config.http.host == "127.0.0.1"
    assert config.trunk == []


def test_flows_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    config = load(written(tmp_path, '[flows]\nfolder = "tjenester"\n'), {})
    assert config.flows.folder == str(tmp_path / "tjenester")


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[sip]\nport = 5070\n[http]\nport = 81\n")
    config = load(path, {"SVAR_SIP_PORT": "5071", "SVAR_STATE": "/var/lib/svar", "SVAR_REDIS_URL": "unix:///r"})
    assert (config.sip.port, config.http.port, config.node.state, config.redis.url) == (
        5071,
        81,
        "/var/lib/svar",
        "unix:///r",
    )


def test_a_number_in_the_environment_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SVAR_SIP_PORT=abc: a number is expected"):
        load(written(tmp_path, ""), {"SVAR_SIP_PORT": "abc"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[[queue]]\nname = "a"\nprioritty_s = 3\n',
            "svar.toml:3: unknown key 'prioritty_s'; did you mean 'priority_s'?",
        ),
        ('[sip]\nport = "5060"\n', "svar.toml:2: 'port' has to be a whole number, not '5060'"),
        ("[sip]\nport = true\n", "svar.toml:2: 'port' has to be a whole number, not True"),
        ("[limits]\ncalls = -1\n", "svar.toml:2: 'calls' cannot be negative"),
        ('[[queue]]\nname = "a"\n[[queue]]\nlevel = 2\n', "svar.toml:3: [[queue]] number 2 lacks 'name'"),
        ('[[queue]]\nname = "a"\n\n[[queue]]\nname = "a"\n', "svar.toml:5: there is another queue 'a'"),
        ("sip = 3\n", "svar.toml:1: expected a table [sip]"),
        ('[[trunk]]\nname = "t"\nnetworks = "x"\n', "svar.toml:3: 'networks' has to be a list of text, not 'x'"),
        (
            '[[agent]]\nname = "t"\nskills = ["x"]\n',
            "svar.toml:3: 'skills' has to be a table of a whole number, not ['x']",
        ),
        ("[[agent]]\nname = 3\nskills = {}\n", "svar.toml:2: 'name' has to be text, not 3"),
        (
            '[[trunk]]\nname = "a"\n[trunk.account]\nuser = "a"\n[[trunk]]\nname = "b"\n[trunk.account]\nusr = "b"\n',
            "svar.toml:8: unknown key 'usr'; did you mean 'user'?",
        ),
        ('[[trunk]]\nname = "a"\n\nredirects = { hosts = 5 }\n', "svar.toml:4: 'hosts' has to be a list of text"),
        ("[sip\n", "svar.toml: Expected ']'"),
        ("rubbish = 1\n", "svar.toml:1: unknown key 'rubbish'; known are node"),
    ],
)
def test_a_mistake_names_its_line_and_what_was_expected(tmp_path: Path, text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in mistakes(tmp_path, text)), mistakes(tmp_path, text)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, "[sip]\nport = 'x'\nhots = 'y'\n[http]\nport = 1.5\n")) == 3


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml", {})


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "svar.toml"
    path.write_bytes('[node]\ntenant = "kø"\n'.encode("latin-1"))
    with pytest.raises(ConfigError, match="byte 18 is not UTF-8"):
        load(path, {})


def test_certificates_stand_beside_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "svar.toml"
    path.write_text(
        '[tls]\ncertificate = "a.pem"\nca = "/etc/ca.pem"\n[[trunk]]\nname = "t"\nca = "t.pem"\n[mqtt]\nca = "m.pem"\n'
    )
    config = load(path, {})
    assert config.mqtt.ca == str(tmp_path / "m.pem")
    assert (config.tls.certificate, config.tls.key) == (str(tmp_path / "a.pem"), "")
    assert (config.tls.ca, config.trunk[0].ca) == ("/etc/ca.pem", str(tmp_path / "t.pem"))


def test_a_variable_may_name_a_file_that_holds_its_value(tmp_path: Path) -> None:
    path, held = tmp_path / "svar.toml", tmp_path / "redis_url"
    path.write_text("")
    held.write_text("redis://:secret@192.0.2.30:6379\n")
    assert load(path, {"SVAR_REDIS_URL_FILE": str(held)}).redis.url == "redis://:secret@192.0.2.30:6379"
    assert load(path, {"SVAR_REDIS_URL_FILE": str(held), "SVAR_REDIS_URL": "unix:///r"}).redis.url == "unix:///r"
    with pytest.raises(ConfigError, match=r"SVAR_REDIS_URL_FILE=.*gone.*No such file"):
        load(path, {"SVAR_REDIS_URL_FILE": str(tmp_path / "gone")})
