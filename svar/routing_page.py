"""docs/routing.md: who serves whom, with every field from the code."""

from ivr.files import reference

_TEXT = """
Which agents serve whose callers, and when others come in, stands in files beside the flows: `queues.yaml`,
`sites.yaml`, `agents.yaml` and `partners.yaml` in the flows' folder, or any files in its folder `routing/` and below,
each with any of the lists `queues:`, `sites:`, `agents:`, `partners:`. (A file `partners.yaml` that begins with `flow:`
is a flow, as it always was.) `examples/national` has a whole country's.

```yaml
queues:
  - name: family
    title: Familie
    target: 70/45
    tiers:
      - {sites: own}                       # from the start: agents of the caller's own site
      - {sites: neighbours, after: 45s}    # then those who help it
      - {sites: all, after: 2m}
      - {skill: generalist, after: 4m}     # everywhere, with another skill
      - {partner: tax, nobody: logged_in}
sites:
  - {name: bodo, title: Bodø, neighbours: [tromso]}
  - {name: tromso, title: Tromsø, neighbours: [bodo]}
agents:
  - {name: "bodo-{n}", count: 40, site: bodo, skills: {family: 5}}
  - {name: "tromso-{n}", count: 30, site: tromso, skills: {family: 4, generalist: 2}}
partners:
  - {name: tax, capacity: 20, hours: tax}
```

## How it is read

- Lengths of time have a unit (`after: 45s`), targets are `70/45`, levels of skills 1 to 9.
- A tier without a condition is open from the start, one with several opens once any of them holds. Open tiers add up:
  who could serve a caller before, still can. What has opened for a caller stays open for that caller.
- Neighbours are as they are written, one way: `{name: bodo, neighbours: [tromso]}` lets Tromsø help Bodø's callers, and
  says nothing of Tromsø's. `svar check` warns of those that stand on one side only, since that is often forgotten.
- The caller's own site is that of the node where the call came in (`[node] site` in the configuration), or what the
  flow's queue node says. Where the routing has no such site, every tier that asks for the own site means all of them.
- A range of agents is a row with `count`; all of them share what the row says. Each is an agent of its own, by name.
- A partner is rung by the `[[destination]]` of the same name in the configuration: there, and nowhere else, stands what
  may be dialled.
- A rostered queue is served by those on duty alone; the files of `rosters/` say who that is.
- `[[queue]]` and `[[agent]]` of the configuration stay, for the small start. They serve beside those of the files: an
  agent of either may have the skill of a queue of the other. A name that stands in both is a mistake.

`svar check` tells every mistake with its line, and warns of what may not be meant: a queue that nobody can serve, a
tier that nobody can serve by or that adds nobody, a skill that no queue asks for, a site without agents, a rostered
queue without a roster. `svar diff` tells changes in words. Editors that know `docs/routing.schema.json` (VS Code here,
below `flows/routing/`) name fields as you type.

## How it comes into service

Routing is part of the version that flows are: it passes the same gates, is published by `svar publish`, taken back by
`svar rollback`, and kept by every node. When a version comes into service, every node gives its routing to the
distributor; to give it twice changes nothing. Nobody is logged out who is still there, callers keep their places, and
talks go on: an agent who moves to another site or gets other skills is served by what is new from the next decision on.

- **New agents** may register at once. Their passwords are made by the node. One alone keeps them in `agents.json`
  in its state folder, where `svar agent NAME` finds them; of several, the one that made them has them in
  `agents.new.json` until you have handed them out ([several sites](sites.md)). No password ever stands in a file of
  flows.
- **Agents who are gone** are logged out, who talks when the talk and wrap-up are over, and cannot register again.
- **Queues that are gone** stay served for 15 minutes: callers who are in the menus of the version before may still come
  to them. Callers who wait in one are served to the last, however long that takes.
- **Sites that are gone** are part of the site where most of their agents are now: a merger of sites is a change of
  `site:` in the rows of the agents, who keep their names. Their callers, those who wait too, are that one's at once.
  Where the agents are nowhere, the neighbours help for as long, and then everybody. Set `[node] site` of nodes that
  stood there when it suits.
- **A version on trial** (`svar publish --share 10%`) does not move routing, since there is one distributor for
  everybody: its flows run with the routing that is in service, until it is promoted. So that no caller is led to a
  queue that is not there, a trial whose flows name such queues is refused: publish the routing first.
- **A node that refuses a version** goes on with the routing that there is. After a restart it gives the distributor its
  own only where nobody else has given one.
- `[[queue]]` and `[[agent]]` are read again on SIGHUP, new agents too, and given with the routing in service.
"""


def page(note: str) -> str:
    """docs/routing.md."""
    return "\n".join(["# Who serves whom", note, *_TEXT.strip().splitlines()]) + "\n" + reference.routing()
