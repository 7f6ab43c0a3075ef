"""What flow authors write, file by file, as targets: whatever is in it, a refusal names the file and a line of it."""

import json
import re
import tempfile
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from ivr.book import FlowBook, load_book
from ivr.checks.flows import check_flows
from ivr.difference.folders import Side, compare
from ivr.difference.phrases import Phrases
from ivr.difference.telling import as_text
from ivr.files.load import Folder, read_folder
from ivr.files.reference import examples
from ivr.language.problems import FlowFileError, Problem, errors
from ivr.picture.graph import graph_of
from ivr.picture.mermaid import mermaid
from ivr.picture.svg import svg
from ivr.prompts.parity import parity_problems
from ivr.prompts.recordings import Listing, Recordings
from ivr.prover.bounds import Bounds
from ivr.prover.prove import prove_folder
from ivr.simulator.cases import cases_in
from tests.fuzz.targets import Target
from tests.ivr.engine import QUEUE, flow_of
from tests.test_rfc_map import ROOT

FROM_MS = 1_795_388_400_000
OTHER = QUEUE.replace("flow: test", "flow: bare")
FLOWS = ROOT / "flows"
HEAD = "flow: ex\ntitle: T\nnumbers: [5999]\nlanguages: [nb, en]\nvariables: {{demo: false}}\nstart: {}\nnodes:\n"
SHARED = b"""shared: mine
prompts:
  sorry: {nb: Beklager., en: Sorry.}
waiting:
  standard:
    welcome: {nb: Velkommen., en: Welcome.}
    position: {nb: "Du er nummer {position}.", en: "You are number {position}."}
    keys: {1: bye}
    overflow: [{after: 10m, when: agents == 0, next: bye}]
"""
FLOW = b"""flow: bare
title: Bare
numbers: [5900]
languages: [nb, en]
fallback: {en: nb}
include: [mine]
parameters: {purpose: ""}
variables: {tries: 0, flag: false}
prompts: {bye: {nb: Ha det.}}
start: first
nodes:
  first: {type: message, crisis: true, next: wait}
  wait: {type: queue, queue: q, waiting: standard, max_wait: 1h30m, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: bye}
"""
CRISIS = b"""crisis: storm
title: Storm
flows: [bare]
message: {nb: Storm.}
first: [{queue: q, when: not flag, head_start: 5m}]
deflect: [{queue: q, when: tries == 0, say: {nb: Nei.}, end: true}]
"""
MANIFEST = b"nb: {bare/first.say: Hei.}\nen:\n  bare/first.say: Hello.\n"
SHIPPED = {
    file.relative_to(FLOWS).as_posix(): file.read_bytes()
    for kind in ("shared", "calendars")
    for file in FLOWS.glob(f"{kind}/*.yaml")
}
BASE = SHIPPED | {
    "bare.yaml": FLOW,
    "shared/mine.yaml": SHARED,
    "crises/storm.yaml": CRISIS,
    "prompts/recorded.yaml": MANIFEST,
}
CALENDAR = SHIPPED["calendars/office.yaml"]
ROUTING = b"""queues:
  - name: q
    title: Q
    skill: s
    level: 2
    requires: {sami: 1}
    wishes: {t: 3}
    choose: level
    fairness: target
    target: 70/45
    max_waiting: 500
    tiers:
      - {sites: own}
      - {sites: [oslo, bodo], after: 45s}
      - {partner: tax, waiting: 5, nobody: at_work, site_lost: true}
sites:
  - {name: oslo, title: Oslo, neighbours: [bodo]}
  - {name: bodo}
agents:
  - {name: "oslo-{n}", count: 60, first: 2, site: oslo, skills: {s: 5, sami: 1}, groups: [g], rests: {busy: 30s}}
partners:
  - {name: tax, capacity: 20, hours: office, rings: 20s}
"""
TOPICS = b"""topics: pension
title: {nb: Pensjon, en: Pension}
queues: [q]
tree:
  - code: old_age
    key: 1
    title: {nb: Alder, en: Age}
    below: [{code: apply, key: 1, title: {nb: Soke, en: Apply}}, {code: payment, title: {nb: Utbetaling}}]
  - {code: other, key: 9, title: {nb: Annet, en: Other}}
"""
ROSTER = b"""roster: mornings
queue: q
covers: office
shifts:
  - {days: mon-fri, hours: 09:00-12:00, agents: [oslo-2, oslo-3]}
  - {days: mon-fri, hours: 12:00-15:00, agents: [oslo-4], only: 2026-07-01..2026-07-31}
absences: [{agent: oslo-2, days: 2026-12-21..2026-12-23, instead: oslo-5}]
reserves: [{agents: [oslo-6], when: waiting >= 3 or wait > 300, release_after: 30m, answer_within: 60s}]
"""
SCENARIOS = b"""number: 5900
scenarios:
  - name: one
    at: 2026-11-23 10:00
    crisis: storm
    caller: [{at: wait, after: 5s, press: 1}]
    agents: [{name: kari, queues: [q], talks: 20s}]
    expect: {path: [first, wait, bye], outcome: abandoned}
"""
_TEXTS = tuple(
    token.encode()
    for token in (
        *("\ufeff", "\r\n", "\r", "\0", "\t", "&a ", "*a", "<<: *a", "!!python/object:os.system ", "!x ", "? ", ": "),
        *("- ", "---\n", "...\n", "%YAML 1.1\n", "|", ">", "{", "}", "[", "]", '"', "'", "#", "9" * 30, "-1", "1e999"),
        *(".nan", "null", "~", "true", "\u2028", "\x85", "\x9b", "\u202e", "\U0001f600", "{x}", "{position:date}"),
        *("99h", "5s", "45", '"\\e[31m"', '"\\0"', '"\\ud800"', "2026-02-30 10:00", "0000-01-01 00:00", "24:00"),
        *("9999-12-31 23:59", "12-24..01-03", "02-30", "mon-sun", "\n  ", "\n", "  ", "type: ", "not ", " == ", "in "),
        *("x.y", "x[0]", "'a'*9", "9**9**9", "lambda: 0", "1 if x else 2", "[" * 30, "{a: " * 20, "a" * 9000),
    )
)
TOKENS = (*_TEXTS, b"\xff", b"\xc3", b"\xed\xa0\x80")
_LINE_END = re.compile(b"\r\n|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9]")


def read_in_folder(name: str, data: bytes) -> list[Problem]:
    """All that is wrong with a folder in which the file has this content; where nothing is, what is made of it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path, content in (BASE | {name: data}).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        problems = [*_problems(folder)]
        for problem in problems:
            _check_place(problem, folder)
        return problems


def _problems(folder: Path) -> list[Problem]:
    before = read_folder(folder)
    problems = sorted(before.problems + check_flows(before))
    try:
        problems += parity_problems(before, Listing.of(Recordings(folder / "prompts")))
        if errors(problems):
            return problems
        book = load_book(folder)
        cases_in(folder, book)
    except FlowFileError as error:
        return problems + list(error.problems)
    _look_at(before, book)
    return problems


def _look_at(folder: Folder, book: FlowBook) -> None:
    """Proof, pictures and differences of what may go live."""
    prove_folder(folder, FROM_MS, bounds=Bounds(days=3), only=("bare", "ex"))
    before = Side("before", {flow.flow: flow for flow in (flow_of(OTHER),)})
    after = Side("after", book.by_name, book.calendars)
    phrases = Phrases("en")
    assert all(line.isprintable() for line in as_text(compare(before, after, phrases), phrases))
    for flow in book.by_name.values():
        graph = graph_of(flow)
        mermaid(graph).encode()
        ElementTree.fromstring(svg(graph))


def _check_place(problem: Problem, folder: Path) -> None:
    file = Path(problem.path)
    assert file.is_relative_to(folder), problem
    lines = len(_LINE_END.split(file.read_bytes())) if file.is_file() else 1
    assert 1 <= problem.line <= lines, problem
    assert problem.column >= 1, problem
    assert problem.message.isprintable(), problem
    json.dumps(problem.message).encode()


def _nodes() -> tuple[bytes, ...]:
    """A flow for the example of each node."""
    return tuple(
        (HEAD.format(text.partition(":")[0]) + "".join(f"  {line}\n" for line in text.splitlines())).encode()
        for text in examples().values()
    )


def _target(kind: str, name: str, files: tuple[bytes, ...]) -> Target:
    return Target(kind, partial(read_in_folder, name), lambda found, data: None, (), files, TOKENS)


FILES = (
    _target("shipped flow", "main.yaml", tuple(file.read_bytes() for file in sorted(FLOWS.glob("*.yaml")))),
    _target("flow file", "bare.yaml", (FLOW,)),
    _target("node in a file", "ex.yaml", _nodes()),
    _target("shared file", "shared/mine.yaml", (SHARED,)),
    _target("calendar file", "calendars/office.yaml", (CALENDAR,)),
    _target("crisis file", "crises/storm.yaml", (CRISIS,)),
    _target("routing file", "routing/country.yaml", (ROUTING,)),
    _target("topics file", "topics/pension.yaml", (TOPICS,)),
    _target("roster file", "rosters/mornings.yaml", (ROSTER,)),
    _target("scenario file", "scenarios/bare.yaml", (SCENARIOS,)),
    _target("manifest", "prompts/recorded.yaml", (MANIFEST,)),
)
