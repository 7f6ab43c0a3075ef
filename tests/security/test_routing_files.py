"""What an author of routing, rosters and topics may try who is trusted less than the operator of the node."""

import resource
import time
from pathlib import Path

import pytest

from ivr.checks.flows import check_folder
from ivr.files.marked_yaml import MOST_CHARACTERS, MOST_PROBLEMS
from ivr.language.problems import did_you_mean, errors
from tests.security.test_flow_files import HEAD, MOST_MIB, MOST_S, filled

FLOW = HEAD + "  n0: {type: hangup}\n"
SITES = "sites: [{name: oslo}]\n"
TOPICS = "topics: t\ntitle: {nb: T}\nqueues: [q]\n"
MANY = "{name: 'a@-{n}', count: 20000, site: oslo, skills: {s: 1}}"


def rows(head: str, row: str, most: int, tail: str = "") -> str:
    """Numbered rows, as many as fit; `@` is the number."""
    text = head
    for number in range(most):
        line = row.replace("@", str(number)) + "\n"
        if len(text) + len(line) + len(tail) > MOST_CHARACTERS:
            break
        text += line
    return text + tail


def joined(count: int, part: str) -> str:
    return ", ".join(part.replace("$", str(number)) for number in range(count))


def below(levels: int) -> str:
    return TOPICS + "tree: " + "[{code: a, title: {nb: x}, below: " * levels + "[]" + "}]" * levels


ROUTING = {
    "a billion agents": SITES + "agents: [{name: 'a-{n}', count: 1000000000, site: oslo, skills: {s: 1}}]",
    "ranges by the thousand": rows(SITES + "agents:\n", f"- {MANY}", 1600),
    "the same range": rows(SITES + "agents:\n", f"- {MANY.replace('@', '')}", 1600),
    "ranges of nowhere": rows("agents:\n", f"- {MANY}", 1600),
    "ranges and a mistake": rows("agents:\n- {name: x}\n", f"- {MANY}", 1600),
    "a range from far": SITES + "agents: [{name: 'a-{n}', first: 999999999, count: 2, site: oslo, skills: {s: 1}}]",
    "a range of nobody": SITES + "agents: [{name: 'a-{n}', first: -1, count: -5, site: oslo, skills: {s: -1}}]",
    "unknown neighbours": rows("sites:\n", f"- {{name: s@, neighbours: [{joined(100, 'x$')}]}}", 180),
    "its own neighbour": rows("sites:\n", "- {name: s@, neighbours: [" + "s@, " * 99 + "s@]}", 180),
    "unknown sites of tiers": rows("queues:\n", f"- {{name: q@, tiers: [{{sites: [{joined(3000, 'x$')}]}}]}}", 6),
    "one endless tier": "queues: [{name: q, tiers: [{sites: [" + "x, " * 19_000 + "x]}]}]",
    "unknown skills": rows(SITES + "agents:\n", "- {name: 'a@', site: osl, skills: {t@: 1, u@: 2, v@: 3}}", 1300),
    "too many skills": "queues: [{name: q, requires: {" + joined(9000, "a$: 1") + "}}]",
    "the same queue": rows("queues:\n", "- {name: q}", 500),
    "too many queues": rows("queues:\n", "- {name: q@}", 5000),
    "too many partners": rows("partners:\n", "- {name: p@, capacity: 1000000000, hours: h@}", 4000),
    "lists in lists": filled("[", "queues: "),
    "an alias of itself": "queues: &a [*a]",
    "a merge key": "queues: [{<<: *a}]",
    "a long name": f"queues: [{{name: {'x' * 200_000}}}]",
    "a long agent": f"agents: [{{name: '{'x' * 200_000}{{n}}', site: a, skills: {{a: 1}}}}]",
    "names in an agent's name": "agents: [{name: '" + "{n}" * 20 + "', site: a, skills: {a: 1}}]",
    "a name that climbs": "agents: [{name: '../../etc', site: '../..', skills: {'a/b': 1}}]",
    "a topic's wildcard": "queues: [{name: 'q/#'}, {name: '+'}]",
    "a target out of this world": f"queues: [{{name: q, target: 70/{'9' * 100_000}}}]",
    "a huge number": f"queues: [{{name: q, max_waiting: {'9' * 5000}}}]",
    "a long length": f"queues: [{{name: q, offer: {'9' * 4000}h}}]",
    "no numbers": "queues: [{name: q, level: .inf, max_waiting: .nan, offer: 1e999}]",
    "unknown fields": rows("queues:\n", "- {name: q@, nmae: 1}", 500),
}
TREES = {
    "deep": below(200),
    "seven deep": TOPICS
    + "tree: "
    + "".join(f"[{{code: a{n}, title: {{nb: x}}, below: " for n in range(6))
    + "[{code: z, title: {nb: x}}]"
    + "}]" * 6,
    "wide": TOPICS
    + "tree:\n"
    + "".join(
        f"- {{code: a{a}, title: {{nb: x}}, below: [{joined(50, f'{{code: a{a}b$, title: {{nb: x}}}}')}]}}\n"
        for a in range(50)
    ),
    "the same codes": TOPICS
    + "tree:\n"
    + f"- {{code: a, key: 1, title: {{nb: x}}, below: [{joined(50, '{code: a, key: 1, title: {nb: x}}')}]}}\n" * 50,
    "titles": TOPICS + "tree: [{code: a, title: {" + joined(9000, "l$: x") + "}}]",
    "queues": f"topics: t\ntitle: {{nb: T}}\nqueues: [{joined(18_000, 'q$')}]\ntree: [{{code: a, title: {{nb: x}}}}]",
    "below itself": TOPICS + "tree: &t [{code: a, title: {nb: x}, below: *t}]",
    "no key": TOPICS + "tree: [{code: a, key: 99999999999999999999, title: {nb: ''}}]",
}
ROSTER = "roster: r\nqueue: s\nshifts:\n"
ROSTERS = {
    "strangers": rows(
        ROSTER, f"- {{days: mon-sun, hours: 08:00-16:00, agents: [{joined(190, 'ofice-agent-$x')}]}}", 90
    ),
    "absent strangers": rows(
        ROSTER + "- {days: mon-sun, hours: 08:00-16:00, agents: [office-agent-1]}\nabsences:\n",
        "- {agent: ofice-agent-@x, days: 2026-12-21..2026-12-23, instead: ofice-agnt-@}",
        1000,
    ),
    "ages": ROSTER + "- {days: mon-sun, hours: 08:00-16:00, agents: [office-agent-1], only: 0001-01-01..9999-12-31}\n"
    "absences: [{agent: nobody, days: 0001-01-01..9999-12-31}]",
}
KNOWN = {"agent": {f"office-agent-{number}" for number in range(20_000)}, "queue": {"s", "q"}, "notice": set[str]()}


def refused(folder: Path, name: str, text: str) -> None:
    """With a mistake at least, in bounded time, memory and words."""
    (folder / "main.yaml").write_text(FLOW)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun_s = time.process_time()
    problems = check_folder(folder, KNOWN)
    assert time.process_time() - begun_s < MOST_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib < MOST_MIB
    assert 1 <= len(errors(problems)) <= MOST_PROBLEMS
    assert all(len(problem.message) < 1_100 and problem.message.isprintable() for problem in problems)


@pytest.mark.parametrize("name", ROUTING)
def test_routing_that_is_made_to_cost_is_refused_within_a_second(name: str, tmp_path: Path) -> None:
    refused(tmp_path, "queues.yaml", ROUTING[name])


@pytest.mark.parametrize("name", TREES)
def test_topics_that_are_made_to_cost_are_refused_within_a_second(name: str, tmp_path: Path) -> None:
    refused(tmp_path, "topics/t.yaml", TREES[name])


@pytest.mark.parametrize("name", ROSTERS)
def test_rosters_that_are_made_to_cost_are_refused_within_a_second(name: str, tmp_path: Path) -> None:
    refused(tmp_path, "rosters/r.yaml", ROSTERS[name])


def test_routing_of_hundreds_of_sites_and_queues_is_read_within_a_second(tmp_path: Path) -> None:
    """As large as one file may be, and nothing in it is wrong."""
    agents = [
        f"- {{name: 'a{n}-{{n}}', count: 100, site: s{n}, skills: {{{joined(60, 'q$: 5')}}}}}" for n in range(120)
    ]
    tiers = "{sites: own}, {sites: all, after: 5s}, {skill: q1, after: 10s}"
    text = f"sites: [{joined(200, '{name: s$}')}]\nagents:\n" + "\n".join(agents) + "\nqueues:\n"
    (tmp_path / "main.yaml").write_text(FLOW)
    (tmp_path / "queues.yaml").write_text(rows(text, f"- {{name: q@, tiers: [{tiers}]}}", 200))
    begun_s = time.process_time()
    problems = check_folder(tmp_path)
    assert time.process_time() - begun_s < MOST_S
    assert errors(problems) == []


def test_a_name_is_compared_with_twenty_thousand_in_bounded_time() -> None:
    begun_s = time.process_time()
    for number in range(20):
        did_you_mean(f"ofice-agent-{number}", KNOWN["agent"])
    assert time.process_time() - begun_s < 0.5
    assert did_you_mean("office-agnt-77", KNOWN["agent"]) != ""
