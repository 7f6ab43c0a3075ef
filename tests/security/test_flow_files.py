"""What an author of flows may try who is trusted less than the operator of the node."""

import json
import os
import re
import resource
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ivr.book import load_book
from ivr.checks.flows import check_folder
from ivr.difference.folders import Side, compare
from ivr.difference.phrases import Phrases
from ivr.difference.telling import as_markdown
from ivr.files.marked_yaml import MOST_CHARACTERS, MOST_PROBLEMS
from ivr.files.telling import as_github, as_text
from ivr.language.problems import Problem, errors
from ivr.language.prompting import Said, Spelled
from ivr.picture.graph import graph_of
from ivr.picture.mermaid import mermaid
from ivr.picture.svg import svg
from ivr.ports.lookups import Cause, Failed
from ivr.prompts.inventory import examined
from ivr.prompts.phrases import breaths
from ivr.prompts.recordings import Listing, Recordings
from ivr.simulator.report import as_junit
from ivr.simulator.scenario import run_text
from ivr.simulator.virtual_time import run
from ivr.versions.content import read_content
from ivr.web.lookups import WebLookups
from tests.ivr.engine import Engine, flow_of
from tests.ivr.web.servers import client, serving

MOST_S = 1.0
"""CPU for one bad file."""
MOST_MIB = 100
HEAD = "flow: ex\ntitle: T\nnumbers: [5999]\nlanguages: [nb]\nstart: n0\nnodes:\n"
ESCAPES = "\x1b]0;owned\x07\x1b[31m\r\x9b2J\u202e"


def filled(unit: str, head: str = "", tail: str = "") -> str:
    return head + unit * ((MOST_CHARACTERS - len(head) - len(tail)) // len(unit)) + tail


def nodes(count: int, node: str) -> str:
    """Numbered nodes, as many as fit; `@` is the number."""
    text = HEAD
    for number in range(count):
        line = f"  n{number}: {node.replace('@', str(number))}\n"
        if len(text) + len(line) > MOST_CHARACTERS:
            break
        text += line
    return text


def joined(count: int, part: str) -> str:
    return ", ".join(part.replace("$", str(number)) for number in range(count))


ALIASES = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
SET = "{type: set, values: {a: '%s'}, next: n0}"
BOMBS = {
    "aliases": f"a0: &a0 [x, x]\n{ALIASES}",
    "a merge key": "a: {<<: *b}\n",
    "brackets": filled("["),
    "braces": filled("{a: "),
    "lists in lists": filled("- "),
    "keys that are no words": filled("? "),
    "one long line": f"a: {'x' * (MOST_CHARACTERS - 10)}",
    "one long key": f"{'x' * (MOST_CHARACTERS - 10)}: 1",
    "long keys": "".join(f"{'x' * 1000}{n}: 1\n" for n in range(250)),
    "documents": filled("---\n"),
    "values": "flow: [" + "1," * (MOST_CHARACTERS // 2 - 10) + "]",
    "quotes": '"' * MOST_CHARACTERS,
    "escapes": 'a: "' + "\\n" * (MOST_CHARACTERS // 2 - 5) + '"',
    "anchors": filled("&a ", "a: "),
    "tags": filled("!a ", "a: "),
    "a long tag": f"a: !{'a' * (MOST_CHARACTERS - 10)}",
    "directives": filled("%TAG ! x\n"),
    "comments": "#" * MOST_CHARACTERS,
    "lines": "\n" * MOST_CHARACTERS,
    "indents": "a: |\n" + "".join(" " * n + "\n" for n in range(700)),
    "the same key": filled("a: 1\n"),
    "digits": f"a: {'9' * (MOST_CHARACTERS - 10)}",
    "a megabyte": "#" * 2**20,
    "many files' worth": "#" * (5 * 2**20),
    "unknown fields": HEAD + "  n0: {type: hangup}\n" + "".join(f"x{n}: 1\n" for n in range(9000)),
    "unknown types": nodes(9500, "{type: hangupp}"),
    "too many nodes": nodes(4500, "{type: hangup}"),
    "unknown targets": nodes(
        480, "{type: branch, cases: [" + joined(9, f"{{when: true, next: m@x${'q' * 20}}}") + "], otherwise: m}"
    ),
    "circles": nodes(450, "{type: branch, cases: [" + joined(12, "{when: true, next: n$}") + "], otherwise: n@}"),
    "unknown variables": "variables: {"
    + joined(200, "vvvvvvvvv$: 1")
    + "}\n"
    + nodes(480, "{type: set, values: {" + joined(12, "vvvvvvvvvv$: wwwwwwwwwww$") + "}, next: n0}"),
    "unknown texts": "prompts: {"
    + joined(500, "textx$: {nb: x}")
    + "}\n"
    + nodes(480, "{type: say, say: texty@, next: n0}"),
    "slots": nodes(130, "{type: say, say: {nb: '" + "{position}" * 180 + "'}, next: n0}"),
    "unknown slots": nodes(130, "{type: say, say: {nb: '" + joined(100, "{unknown@x$}") + "'}, next: n0}"),
    "open braces": nodes(1, "{type: say, say: {nb: '" + "{" * 1900 + "'}, next: n0}"),
    "languages": nodes(1, "{type: say, say: {" + joined(9000, "l$: x") + "}, next: n0}"),
    "keys": nodes(1, "{type: menu, say: {nb: x}, no_choice: n0, keys: {" + joined(9000, "k$: n0") + "}}"),
    "a long expression": nodes(1, SET % ("1+" * 100_000 + "1")),
    "deep expressions": nodes(480, SET % ("1+" * 100 + "1")),
    "parentheses": nodes(480, SET % ("(" * 240 + "1" + ")" * 240)),
    "signs": nodes(480, SET % ("-" * 480 + "1")),
    "a huge number": nodes(480, SET % ("9" * 490)),
    "a power": nodes(480, SET % "9**9**9**9"),
    "a long list": nodes(480, SET % ("a in (" + "1," * 220 + ")")),
    "text times": nodes(480, SET % '"a" * 999999999'),
    "a long length": nodes(
        1, f"{{type: menu, wait: {'1h' * 100_000}, say: {{nb: x}}, keys: {{1: n0}}, no_choice: n0}}"
    ),
    "a long field": nodes(1, f"{{type: lookup, service: x, take: {{a: {{field: {'a.' * 100_000}}}}}, found: n0}}"),
    "a long path": nodes(1, f"{{type: lookup, service: x, path: {'/a' * 240}|, found: n0, failed: n0}}"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_is_made_to_cost_is_refused_within_a_second(name: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(BOMBS[name])
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun_s = time.process_time()
    problems = check_folder(tmp_path)
    assert time.process_time() - begun_s < MOST_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib < MOST_MIB
    assert 1 <= len(errors(problems)) <= MOST_PROBLEMS
    assert all(len(problem.message) < 1_100 for problem in problems)


def test_ten_thousand_files_are_refused_and_not_left_out_in_silence(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"f{number}.yaml").write_bytes(b"")
    begun_s = time.process_time()
    (problem,) = check_folder(tmp_path)
    assert time.process_time() - begun_s < MOST_S
    assert "at most 500" in problem.message


def test_flows_that_call_each_other_a_hundred_thousand_times_cost_what_their_files_cost(tmp_path: Path) -> None:
    for number in range(60):
        calls = "".join(
            f"  n{at}: {{type: subflow, flow: g{(number + at + 1) % 60}, returns: {{done: n{min(at + 1, 299)}}}}}\n"
            for at in range(300)
        )
        (tmp_path / f"g{number}.yaml").write_text(
            f"flow: g{number}\ntitle: T\nlanguages: [nb]\nstart: n0\nnodes:\n{calls}  back: {{type: return}}\n"
        )
    begun_s = time.process_time()
    assert check_folder(tmp_path)
    assert time.process_time() - begun_s < 6.0


def test_what_is_no_file_is_neither_waited_for_nor_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "nothing")
    problems = check_folder(tmp_path)
    assert len(problems) == 4
    assert all("cannot be read" in problem.message for problem in problems)
    assert list(as_text(problems))


def test_a_version_has_no_file_of_another_folder(tmp_path: Path) -> None:
    """A link among the recordings would carry what the operator may read to all who may read versions."""
    secret = tmp_path / "passwords.json"
    secret.write_text("{}")
    flows = tmp_path / "flows"
    (flows / "prompts" / "nb").mkdir(parents=True)
    (flows / "main.yaml").write_text(HEAD + "  n0: {type: hangup}\n")
    (flows / "linked.yaml").symlink_to(flows / "main.yaml")
    assert set(read_content(flows)) == {"main.yaml", "linked.yaml"}
    (flows / "prompts" / "nb" / "x.wav").symlink_to(secret)
    with pytest.raises(Exception, match="leads out of the folder"):
        read_content(flows)
    assert Recordings(flows / "prompts").source("nb", "x") is None
    assert Recordings(flows / "prompts").source("nb", "../../../passwords") is None


def test_a_recording_of_half_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    recording = tmp_path / "nb" / "main" / "menu.say.wav"
    recording.parent.mkdir(parents=True)
    with recording.open("wb") as file:
        file.truncate(500 * 2**20)
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert not Listing.of(Recordings(tmp_path)).heard("nb", "main/menu.say")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib < MOST_MIB
    with pytest.raises(ValueError, match="WAV"):
        examined(b"RIFF")


def test_a_text_is_spoken_in_a_bounded_number_of_pieces() -> None:
    text = " ".join(["{a}"] * 400)
    pieces = [one for _, said in breaths("nb", text, "k", {"a": Spelled("9" * 100_000)}) for one in said]
    assert len(pieces) <= 400 * 32


@pytest.mark.parametrize("path", ["/{up}/admin", "/{dot}{dot}/admin", "/a/{up}", "/{slash}", "/a?x=1&{up}"])
async def test_no_variable_of_a_flow_climbs_out_of_a_services_address(path: str) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.json_response({})

    async with serving(answer) as url, client(f"{url}/api") as one:
        engine = Engine()
        engine.services = replace(engine.services, lookups=WebLookups([one]))
        flow = flow_of(f"""
flow: test
title: T
numbers: [5000]
languages: [nb]
variables: {{up: "..", dot: ".", slash: "../../admin"}}
start: ask
nodes:
  ask: {{type: lookup, service: cases, path: "{path}", found: bye, failed: bye}}
  bye: {{type: hangup}}
""")
        _, task = engine.dial(flow)
        await task
        await engine.close()
        assert all(asked.startswith("/api/") and not {".", ".."} & set(unquote(asked).split("/")) for asked in seen), (
            seen
        )


def test_a_flow_that_runs_in_circles_or_lets_a_number_grow_ends_and_costs_little() -> None:
    grow = joined(150, "v$: v$ + v$ + v$ + v$")
    flow = flow_of(f"""
flow: test
title: T
numbers: [5000]
languages: [nb]
variables: {{{joined(150, "v$: 1")}}}
start: grow
nodes:
  grow: {{type: set, values: {{{grow}}}, next: ask}}
  ask: {{type: menu, say: {{nb: Tast.}}, keys: {{1: grow}}, wait: 1s, attempts: 1, no_choice: bye}}
  bye: {{type: hangup}}
""")

    async def story() -> None:
        engine = Engine()
        call, task = engine.dial(flow)
        for _ in range(2_000):
            call.press("1")
        data = await task
        assert all(abs(int(value)) <= 10**15 for name, value in data.variables.items() if name.startswith("v"))
        assert len(json.dumps(data.to_data())) < 20_000
        await engine.close()

    begun_s = time.process_time()
    run(story())
    assert time.process_time() - begun_s < 3.0


NASTY = '</text><script>alert(1)</script>]]>&amp;"\'--%%{{}}|end|click n0 href "javascript:x"`#quot;[red]::error::x'


def folder_with(folder: Path, title: str, note: str, text: str) -> Path:
    folder.mkdir()
    node = {"type": "hangup", "note": note, "say": {"nb": text}}
    start = {"type": "branch", "cases": [{"when": f"number == {json.dumps(text)}", "next": "bye"}], "otherwise": "bye"}
    flow = {"flow": "main", "title": title, "numbers": [5000], "languages": ["nb"], "start": "s"}
    content = flow | {"nodes": {"s": start, "bye": node}}
    (folder / "main.yaml").write_text(json.dumps(content, ensure_ascii=False))
    return folder


def test_titles_notes_and_texts_are_text_in_pictures_reports_and_differences(tmp_path: Path) -> None:
    title = NASTY.replace("{{}}", "")
    book = load_book(folder_with(tmp_path / "flows", title, NASTY, title))
    graph = graph_of(book.by_name["main"])
    picture = svg(graph)
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}
    assert "script" not in names
    assert "<script" not in picture
    chart = mermaid(graph)
    assert '"javascript' not in chart
    assert "<script" not in chart
    assert not [line for line in chart.splitlines() if line.strip().startswith("click")]
    scenarios = {"number": 5000, "scenarios": [{"name": NASTY, "at": "2026-11-23 10:00", "expect": {"heard": [NASTY]}}]}
    results = run_text(book, "a.yaml", json.dumps(scenarios))
    report = ElementTree.fromstring(as_junit(results))
    assert {element.tag for element in report.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "system-out",
    }
    phrases = Phrases("en")
    old = Side("old", {"main": flow_of(HEAD.replace("ex", "main") + "  n0: {type: hangup}\n")})
    markdown = "\n".join(as_markdown(compare(old, Side("new", book.by_name), phrases), phrases))
    assert not re.search(r"(?<!\\)<script", markdown)


def test_what_steers_a_terminal_is_in_nothing_that_is_printed_or_logged(tmp_path: Path) -> None:
    escaped = json.dumps(ESCAPES)
    texts = [
        f"flow: main\ntitle: {escaped}\n",
        f"{escaped}: 1\n",
        f"flow: [{ESCAPES}\n",
        f"# {ESCAPES}\nflow: [\n",
        HEAD + f"  n0: {{type: say, say: {{{escaped}: x}}}}\n",
        HEAD + f"  n0: {{type: set, values: {{a: {escaped}}}, next: n0}}\n",
        HEAD + f"  n0: {{type: branch, cases: [{{when: {json.dumps('x' + ESCAPES)}, next: n0}}], otherwise: n0}}\n",
    ]
    with capture_logs() as logs:
        for number, text in enumerate(texts):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "main.yaml").write_text(text)
            (folder / f"{ESCAPES.replace('/', '')}.yaml").write_text("flow: [")
            problems = check_folder(folder)
            assert len(problems) >= 2
            printed = [*as_text(problems), *as_github(problems), *map(str, problems)]
            assert [line for line in printed if not line.replace("\t", " ").isprintable()] == []
    assert logs == []


def test_a_problem_is_one_line_whatever_it_quotes() -> None:
    problem = Problem(f"a{ESCAPES}\n.yaml", 1, 1, f"b{ESCAPES}\n::error::c")
    (line,) = as_github([problem])
    assert "\n" not in line
    assert str(problem).isprintable()


def test_a_flow_dials_and_asks_for_names_of_the_deployment_alone(tmp_path: Path) -> None:
    """Nothing in a flow is an address; a name that the configuration does not have is refused."""
    known = {kind: ["known"] for kind in ("queue", "destination", "lookup", "mailbox", "sms")}
    tries = {
        "transfer": "{type: transfer, to: '+4790000000', failed: n0}",
        "uri": "{type: transfer, to: 'sip:evil@example.org', failed: n0}",
        "lookup": "{type: lookup, service: elsewhere, found: n0, failed: n0}",
        "url": "{type: lookup, service: known, path: 'https://evil.example/', found: n0, failed: n0}",
        "climbing": "{type: lookup, service: known, path: /%2e%2e/x, found: n0, failed: n0}",
        "slashes": "{type: lookup, service: known, path: '/a%2F..%5cx', found: n0, failed: n0}",
        "host": "{type: lookup, service: known, path: '@evil.example/', found: n0, failed: n0}",
        "header": "{type: lookup, service: known, headers: {Authorization: '\"x\"'}, found: n0, failed: n0}",
        "mailbox": "{type: voicemail, mailbox: elsewhere, say: {nb: x}, done: n0, failed: n0}",
        "file": "{type: voicemail, mailbox: ../../etc, say: {nb: x}, done: n0, failed: n0}",
        "queue": "{type: queue, queue: elsewhere, overflow: n0, unavailable: n0}",
        "music": "{type: queue, queue: known, waiting: {music: ../../etc/passwd}, overflow: n0, unavailable: n0}",
        "callback": "{type: callback, queue: elsewhere, say: {nb: x}, ask: {nb: x}, done: n0, refused: n0, "
        "unavailable: n0}",
    }
    for name, node in tries.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "main.yaml").write_text(HEAD.replace("n0", "n1") + f"  n1: {node}\n  n0: {{type: hangup}}\n")
        assert errors(check_folder(folder, known)), name


def test_a_lookup_that_is_not_configured_fails_and_reaches_nobody() -> None:
    async def story() -> None:
        from ivr.ports.lookups import Question

        assert await WebLookups([]).ask(Question("elsewhere", "/")) == Failed(Cause.NOT_THERE)

    run(story())


def test_texts_of_a_flow_are_kept_apart_by_their_place() -> None:
    """A key of a recording is built of names alone, so that no text leads to another's file."""
    assert Said({"nb": "../../x"}).named("main/menu.say").key == "main/menu.say"
