"""The compose file and the images' recipes, read as an engine would: nothing that they name is missing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack.shipped import COMPOSE, DEPLOY, MADE, ROOT, compose, instructions

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
IMAGES = [("deploy/Dockerfile", ""), ("deploy/peers.Dockerfile", "kamailio"), ("deploy/peers.Dockerfile", "rtpengine")]


def made_by_script(folder: Path) -> set[str]:
    """What `deploy/secrets.sh` makes there."""
    script = (str(DEPLOY / "secrets.sh"),)
    subprocess.run(script, env={**os.environ, "SECRETS": str(folder)}, check=True, capture_output=True, timeout=60)
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return made_by_script(tmp_path_factory.mktemp("made") / "secrets")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_and_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert {"mem_limit", "cpus", "pids_limit", "restart", "logging"} <= service.keys()
    if "build" in service:
        build = service["build"]
        assert any(kind == "USER" for kind, _ in instructions(ROOT / build["dockerfile"], build.get("target", "")))
        assert (DEPLOY / build["context"]).resolve() == ROOT
    else:
        assert re.fullmatch(r"[\w/-]+:\d+[\w.-]*|[\w/-]+:v\d[\w.-]*", service["image"]), "an image has a version"
        assert service["user"].split(":")[0].isdigit()
        assert service["user"].split(":")[0] != "0", "nobody needs root"


@pytest.mark.parametrize("name", SERVICES)
def test_all_that_a_service_names_is_there(name: str, made: set[str]) -> None:
    whole, service = compose(), SERVICES[name]
    for one in service.get("volumes", []):
        source, target, *rest = one.split(":")
        assert target.startswith("/")
        if source.startswith(MADE):
            assert source.removeprefix(MADE) in made
        elif source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert rest == ["ro"], f"{source} may be written to"
        else:
            assert source in whole["volumes"]
    for one in service.get("secrets", []):
        source = one if isinstance(one, str) else one["source"]
        assert Path(whole["secrets"][source]["file"]).name in made
    for other in service.get("depends_on", []):
        assert other in SERVICES
    for network in service.get("networks", []):
        assert network in whole["networks"]
    assert "networks" in service or service.get("network_mode") == "host"


def test_every_service_tells_whether_it_is_well() -> None:
    silent = {"rtpengine-1", "rtpengine-2"}  # svar asks them every second, and tells
    images = {name for name, one in SERVICES.items() if "build" in one and _has_check(one["build"])}
    assert {name for name, one in SERVICES.items() if "healthcheck" not in one} - images == silent


def _has_check(build: dict[str, str]) -> bool:
    told = instructions(ROOT / build["dockerfile"], build.get("target", ""))
    return any(kind == "HEALTHCHECK" for kind, _ in told)


def test_what_is_kept_and_what_watches_cannot_be_reached_from_outside() -> None:
    whole = compose()
    assert all(whole["networks"][name]["internal"] is True for name in ("store", "watch", "messages"))
    published = {name for name, one in SERVICES.items() if "ports" in one}
    assert published == {"nginx", "mosquitto"}
    assert {name for name, one in SERVICES.items() if one.get("network_mode") == "host"} == {
        "kamailio", "rtpengine-1", "rtpengine-2",
    }  # fmt: skip


def test_no_two_services_have_one_address_and_each_is_in_its_network() -> None:
    seen = set()
    for service in SERVICES.values():
        networks = service.get("networks", {})
        for network, told in networks.items():
            if told and "ipv4_address" in told:
                subnet = compose()["networks"][network]["ipam"]["config"][0]["subnet"]
                assert told["ipv4_address"].rsplit(".", 1)[0] == subnet.rsplit(".", 1)[0]
                assert told["ipv4_address"] not in seen
                seen.add(told["ipv4_address"])


def test_no_password_stands_in_what_is_shipped(made: set[str]) -> None:
    assert "ca.key" in made
    for path in (one for one in DEPLOY.rglob("*") if one.is_file() and "secrets/" not in str(one)):
        text = path.read_text()
        assert "BEGIN " not in text or "PRIVATE KEY" not in text, path
        for line in text.splitlines():
            if re.search(r"(password|requirepass|secret)\w*\s*[=:]\s*[\"']?(?=\S*\d)[\w+/-]{10,}", line, re.IGNORECASE):
                assert "/run/secrets" in line or "$" in line or "scram" in line, f"{path}: {line}"
    assert "PASSWORD_FILE" in COMPOSE.read_text()


def test_secrets_are_made_once_and_their_folder_is_their_owners(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made_by_script(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    made_by_script(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "ca.key").stat().st_mode & 0o777 == 0o600
    lengths = [len(text.strip()) for name, text in before.items() if "password" in name and name != "mail_password"]
    assert lengths
    assert min(lengths) >= 32


@pytest.mark.parametrize(("file", "target"), IMAGES)
def test_an_image_runs_as_somebody_without_rights_on_a_base_that_may_be_pinned(file: str, target: str) -> None:
    told = instructions(ROOT / file, target)
    assert told[0][1].startswith("${BASE}") or ("ARG", "BASE=python:3.11-slim-bookworm") in told
    users = [words for kind, words in told if kind == "USER"]
    assert users
    assert users[-1].split(":")[0] not in ("0", "root")
    assert not [words for kind, words in told if kind == "ADD"]
    assert not any("curl" in words or "wget" in words for kind, words in told if kind == "RUN")


def test_the_image_installs_what_is_locked_by_hash_and_nothing_else() -> None:
    runs = [words for kind, words in instructions(DEPLOY / "Dockerfile") if kind == "RUN"]
    (install,) = [words for words in runs if "pip install" in words]
    assert "--require-hashes" in install
    assert "--no-deps" in install
    lock = (ROOT / "requirements" / "runtime.lock").read_text()
    assert len(re.findall(r"^[\w.\[\]-]+==", lock, re.MULTILINE)) > 30
    assert all("--hash=sha256:" in part for part in re.split(r"\n(?=[\w.\[\]-]+==)", lock) if "==" in part)


def test_svar_runs_from_what_is_copied_into_the_image(tmp_path: Path) -> None:
    """Without pip's step, which `python -m tests.stack.image` does too: what is installed is the same lock."""
    allowed = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
    for kind, words in instructions(DEPLOY / "Dockerfile"):
        if kind == "COPY" and not words.startswith("--from"):
            source, target = words.split()
            assert source in allowed
            copied = tmp_path / target.lstrip("/")
            copied.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, copied)  # with what is compiled already: that is quicker
            else:
                shutil.copy(ROOT / source, copied)
    app = tmp_path / "opt" / "svar"
    code = (
        f"import svar.compose as one; assert one.__file__.startswith({str(app)!r})\n"
        "from svar.cli import app; app(['--help'])"
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


def test_the_compose_file_is_what_its_readers_take_it_for() -> None:
    """Keys that the compose specification has; a mistyped one would be found by an engine alone."""
    known = {
        "build", "cap_drop", "command", "cpus", "depends_on", "entrypoint", "environment", "healthcheck", "image",
        "init", "logging", "mem_limit", "network_mode", "networks", "pids_limit", "ports", "read_only", "restart",
        "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "ulimits", "user", "volumes",
    }  # fmt: skip
    for name, service in SERVICES.items():
        assert service.keys() <= known, name
    assert {key for key in compose() if not key.startswith("x-")} == {
        "name", "services", "volumes", "networks", "secrets",
    }  # fmt: skip
    used = {source for one in SERVICES.values() for source, _, *_ in (v.split(":") for v in one.get("volumes", []))}
    assert set(compose()["volumes"]) <= used
    assert yaml.safe_dump(compose())
