"""Flows and scenarios in a folder, and what came of them."""

from pathlib import Path

from ivr.simulator.scenario import Result, run_folder

HEAD = """flow: test
title: Test
numbers: [5000]
languages: [nb, en]
start: menu
nodes:
"""
FLOW = (
    HEAD
    + """  menu:
    type: menu
    say: {nb: "Velkommen. Tast 1 for kø.", en: "Welcome. Press 1 for the queue."}
    keys: {1: wait, 2: case, 3: english, 4: box, 5: away, 6: text, 7: look, 8: ring}
    wait: 5s
    attempts: 3
    silence: {nb: Vi hørte ingenting., en: We heard nothing.}
    wrong: {nb: Det finnes ikke., en: There is no such choice.}
    no_choice: bye
  english: {type: set, values: {language: '"en"'}, next: menu}
  wait:
    type: queue
    queue: q
    waiting: {welcome: {nb: Du kommer i kø., en: Please wait.}}
    max_wait: 10m
    overflow: bye
    unavailable: sorry
  case:
    type: digits
    say: {nb: Tast saksnummeret., en: Key in the number of your case.}
    variable: case_number
    personal: false
    expect: {least: 4, most: 6}
    next: bye
    no_entry: sorry
  box:
    type: voicemail
    mailbox: desk
    say: {nb: Legg igjen en beskjed., en: Leave a message.}
    done: bye
    failed: sorry
  away: {type: transfer, to: partner, failed: sorry}
  text:
    type: deflect
    say: {nb: Du finner det på nettet., en: You find it on the web.}
    sms: {nb: "Se https://example.no", en: "See https://example.no"}
    sent: bye
    failed: sorry
  look:
    type: lookup
    service: cases
    path: /status
    take: {status: {field: case.status}}
    timeout: 2s
    found: told
    failed: sorry
  told:
    type: branch
    cases: [{when: status == "open", next: bye}]
    otherwise: sorry
  ring:
    type: callback
    queue: q
    say: {nb: "Vi ringer {caller}. Tast 1.", en: "We ring {caller}. Press 1."}
    ask: {nb: Tast nummeret., en: Key in the number.}
    done: bye
    refused: sorry
    unavailable: sorry
  sorry: {type: hangup, say: {nb: Beklager., en: Sorry.}}
  bye: {type: hangup, say: {nb: Ha det., en: Goodbye.}}
"""
)
BEGIN = """number: 5000
scenarios:
  - name: one
    at: 2026-11-23 10:00
"""


def told(folder: Path, scenario: str, flow: str = FLOW) -> list[Result]:
    """What came of the file that begins with BEGIN and goes on with `scenario`."""
    return run(folder, BEGIN + scenario, flow)


def run(folder: Path, scenarios: str, flow: str = FLOW) -> list[Result]:
    """What came of a whole file of scenarios."""
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "flow.yaml").write_text(flow)
    (folder / "scenarios" / "s.yaml").write_text(scenarios)
    return run_folder(folder)


def failures(folder: Path, scenario: str, flow: str = FLOW) -> str:
    """The failures of one scenario, a line each."""
    (result,) = told(folder, scenario, flow)
    return "\n".join(map(str, result.failures))
