"""What flows share: texts and blocks that are named where they are used."""

from pathlib import Path

from ivr.book import FlowBook, load_book
from ivr.checks.flows import check_folder
from ivr.nodes.queue import Queue

SHARED = """
shared: common
prompts:
  closed: {nb: Vi har stengt., en: We are closed.}
  place: {nb: "Nummer {position}.", en: "Number {position}."}
waiting:
  standard:
    welcome: {nb: Vent litt., en: Please hold.}
    position: place
    every: 1m
"""
FLOW = """
flow: main
title: Main
numbers: [5000]
languages: [nb, en]
include: [common]
prompts:
  bye: {nb: Ha det bra., en: Goodbye.}
start: wait
nodes:
  wait: {type: queue, queue: q, waiting: standard, overflow: closed, unavailable: sorry}
  closed: {type: hangup, say: closed}
  sorry: {type: hangup, say: bye}
"""


def folder(path: Path, shared: str = SHARED, flow: str = FLOW) -> Path:
    (path / "shared").mkdir(exist_ok=True)
    (path / "shared" / "common.yaml").write_text(shared)
    (path / "main.yaml").write_text(flow)
    return path


def told(path: Path) -> str:
    return "\n".join(str(problem).replace(f"{path}/", "") for problem in check_folder(path))


def test_texts_and_blocks_stand_where_they_are_named(tmp_path: Path) -> None:
    flow = load_book(folder(tmp_path)).by_name["main"]
    wait = flow.nodes["wait"]
    assert isinstance(wait, Queue)
    assert wait.waiting.every_s == 60
    said = {said.key: said.texts["nb"] for said in flow.said()}
    assert said == {
        "common/waiting.standard.welcome": "Vent litt.",
        "common/prompts.place": "Nummer {position}.",
        "common/prompts.closed": "Vi har stengt.",
        "main/prompts.bye": "Ha det bra.",
    }


def test_what_a_queue_writes_beside_a_block_goes_before_it(tmp_path: Path) -> None:
    written = "{block: standard, welcome: {nb: Hei., en: Hello.}, keys: {1: sorry}, say_keys: bye}"
    flow = load_book(folder(tmp_path, flow=FLOW.replace("waiting: standard", f"waiting: {written}"))).by_name["main"]
    wait = flow.nodes["wait"]
    assert isinstance(wait, Queue)
    waiting = wait.waiting
    assert (waiting.every_s, waiting.keys) == (60, {"1": "sorry"})
    said = [waiting.welcome, waiting.position, waiting.say_keys]
    assert [text.key for text in said if text] == [
        "main/wait.waiting.welcome",
        "common/prompts.place",
        "main/prompts.bye",
    ]


def test_a_change_of_what_is_shared_makes_another_version(tmp_path: Path) -> None:
    def book(shared: str) -> FlowBook:
        return load_book(folder(tmp_path, shared))

    before, after = book(SHARED), book(SHARED.replace("every: 1m", "every: 2m"))
    assert before.version != after.version
    assert before.by_name["main"].version != after.by_name["main"].version


def test_names_that_nothing_is_known_by_are_told_at_their_place(tmp_path: Path) -> None:
    assert told(folder(tmp_path, flow=FLOW.replace("say: closed", "say: closd"))) == (
        "main.yaml:12:31: hangup 'closed': there is no text 'closd'; did you mean 'closed'?"
    )
    assert told(folder(tmp_path, flow=FLOW.replace("waiting: standard", "waiting: standart"))) == (
        "main.yaml:11:42: queue 'wait': there is no block 'standart'; did you mean 'standard'?"
    )
    assert "main.yaml:6:11: there is nothing shared named 'comon'; did you mean 'common'?" in told(
        folder(tmp_path, flow=FLOW.replace("[common]", "[comon]"))
    )


def test_a_shared_text_that_lacks_a_language_is_told_where_it_is_used(tmp_path: Path) -> None:
    shared = SHARED.replace(", en: We are closed.", "")
    assert told(folder(tmp_path, shared)) == "main.yaml:12:26: hangup 'closed': 'say' is not said in en"


def test_a_mistake_in_a_shared_file_is_told_there(tmp_path: Path) -> None:
    assert "shared/common.yaml:10:12: 'waiting.standard.every': a length of time" in told(
        folder(tmp_path, SHARED.replace("every: 1m", "every: 60"))
    )


def test_two_files_with_one_name_are_told_apart(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "shared" / "other.yaml").write_text(SHARED)
    assert told(tmp_path) == "shared/other.yaml:2:9: the shared 'common' is in shared/common.yaml too"
    (tmp_path / "shared" / "other.yaml").unlink()
    (tmp_path / "calendars").mkdir()
    for name in ("a", "b"):
        (tmp_path / "calendars" / f"{name}.yaml").write_text("calendar: office\nweekly: {mon: closed}\n")
    assert told(tmp_path) == "calendars/b.yaml:1:11: the calendar 'office' is in calendars/a.yaml too"


def test_a_mistake_in_a_shared_file_is_told_there_alone(tmp_path: Path) -> None:
    folder(tmp_path, SHARED.replace("every: 1m", "every: 1"))
    assert told(tmp_path).count("\n") == 0
    assert told(tmp_path).startswith("shared/common.yaml:10:12: ")
