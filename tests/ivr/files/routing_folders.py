"""A small folder of flows with routing, of which tests change parts."""

from pathlib import Path

FLOW = """flow: main
title: Main
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: family, overflow: bye, unavailable: bye}
  bye: {type: hangup}
"""
QUEUES = """queues:
  - name: family
    level: 2
    target: 70/45
    tiers:
      - {sites: own}
      - {sites: neighbours, after: 2m}
      - {skill: generalist, after: 4m}
      - {sites: all, groups: [night], nobody: at_work}
      - {partner: tax, after: 10m}
  - name: sami
    title: Samisk
    skill: family
    choose: level
    requires: {sami: 1}
    tiers: [{sites: [oslo]}]
  - name: desk
    rostered: true
    target: 80/30
"""
SITES = """sites:
  - {name: oslo, neighbours: [bodo]}
  - {name: bodo, title: Bodø, neighbours: [oslo]}
"""
AGENTS = """agents:
  - {name: "oslo-{n}", first: 1, count: 3, site: oslo, skills: {family: 5, desk: 3}}
  - {name: "bodo-{n}", count: 1, site: bodo, skills: {family: 3}}
  - {name: "oslo-{n}", first: 4, site: oslo, skills: {generalist: 3, family: 2}, groups: [night]}
  - {name: kari, site: oslo, skills: {family: 4, sami: 2}, rest: 30s, rests: {busy: 10s}, log_out_after: 3}
"""
PARTNERS = """partners:
  - {name: tax, capacity: 2, hours: tax}
"""
ROSTER = """roster: desk
queue: desk
shifts: [{days: mon-fri, hours: 08:00-15:00, agents: [oslo-1, oslo-2]}]
"""
CALENDAR = "calendar: tax\nweekly: {mon-fri: 09:00-15:00}\n"


def write(
    folder: Path,
    *,
    flow: str = FLOW,
    queues: str = QUEUES,
    sites: str = SITES,
    agents: str = AGENTS,
    partners: str = PARTNERS,
) -> Path:
    """The folder with these files; routing stands in `routing/`."""
    files = {
        "main.yaml": flow,
        "calendars/tax.yaml": CALENDAR,
        "rosters/desk.yaml": ROSTER,
        "routing/queues.yaml": queues,
        "routing/sites.yaml": sites,
        "routing/agents.yaml": agents,
        "routing/partners.yaml": partners,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
