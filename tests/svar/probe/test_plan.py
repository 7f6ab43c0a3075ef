from pathlib import Path

import pytest

from svar.probe.plan import PlanError, load
from tests.svar.probe.test_hearing import words

WHOLE = """
server = "10.0.0.5:5060"
user = "probe"
every = "2m"
[[visit]]
number = "5000"
[[visit]]
number = "800"
press = "2#"
after = "3s"
listen = "5s"
hears = "main.wav"
then_hears = "queue.wav"
likeness = 0.8
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "probe.password").write_text("secret\n")
    for name in ("main", "queue"):
        (tmp_path / f"{name}.wav").write_bytes(words(1))
    return tmp_path


def read(folder: Path, text: str) -> None:
    (folder / "plan.toml").write_text(text)
    load(folder / "plan.toml")


def test_a_plan_is_read_whole(folder: Path) -> None:
    (folder / "plan.toml").write_text(WHOLE)
    plan = load(folder / "plan.toml")
    assert (plan.host, plan.port, plan.user, plan.password, plan.every_s) == ("10.0.0.5", 5060, "probe", "secret", 120)
    plain, whole = plan.visits
    assert (plain.number, plain.press, plain.after_s, plain.listen_s, plain.hears) == ("5000", "", 4.0, 0.0, None)
    assert (whole.press, whole.after_s, whole.listen_s, whole.likeness) == ("2#", 3.0, 5.0, 0.8)
    assert (whole.hears, whole.then_hears) == (folder / "main.wav", folder / "queue.wav")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "plan.toml: Expected '='"),
        ("", r"\[\[visit\]\]: expected 1 to 200"),
        ('sever = "x"', "sever: there is no such setting; there are every, listen"),
        ('server = "x"\n[[visit]]\nnumber = "1"', "server: expected HOST:PORT"),
        ("user = 5\n[[visit]]\nnumber = '1'", 'user: expected a text in "quotes"'),
        ("[[visit]]\nnumber = ''", r"\[\[visit\]\] 1 number: expected the number to ring"),
        ("[[visit]]\nnumber = '1'\npress = '1a'", "press = '1a': expected keys of 0 to 9"),
        ("[[visit]]\nnumber = '1'\nafter = '5'", 'after: expected a length such as "4s", 60 s at most'),
        ("[[visit]]\nnumber = '1'\nafter = '5h'", "60 s at most"),
        ("[[visit]]\nnumber = '1'\nhears = 'none.wav'", "hears = 'none.wav': there is no file"),
        ("[[visit]]\nnumber = '1'\nthen_hears = 'main.wav'", "then_hears: expected `press` with it"),
        ("[[visit]]\nnumber = '1'\nlikeness = 2", "likeness: expected a number above 0, 1 at most"),
        ("password_file = 'gone'\n[[visit]]\nnumber = '1'", "password_file: expected a file with the password"),
        ("visit = [1]", r"\[\[visit\]\] 1: expected a table"),
    ],
)
def test_a_mistake_is_told_with_its_place(folder: Path, text: str, told: str) -> None:
    with pytest.raises(PlanError, match=told):
        read(folder, text)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"gone.toml: cannot be read"):
        load(tmp_path / "gone.toml")
