"""Two versions of the agents compared: by the dozen, not one by one, and what sites became part of others."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from string import digits

from acd.model import AgentSpec
from ivr.difference.changes import Change, What
from ivr.difference.phrases import Phrases
from ivr.language.routing import Routing

MOST_NAMED = 3


def mergers(old: Routing, new: Routing) -> dict[str, str]:
    """Sites that are gone, by the site where most of their agents are now."""
    found: dict[str, str] = {}
    where: dict[str, Counter[str]] = {}
    for name, agent in old.agents.items():
        if name in new.agents and agent.spec.site not in new.sites:
            where.setdefault(agent.spec.site, Counter())[new.agents[name].spec.site] += 1
    for site, targets in where.items():
        if site in old.sites:
            found[site] = targets.most_common(1)[0][0]
    return found


def compare_agents(old: Routing, new: Routing, phrases: Phrases) -> Iterator[Change]:
    """Who came, who went, who moved, and whose skills or rules changed; alike changes told once."""
    merged = mergers(old, new)
    titles = {**old.sites, **new.sites}

    def place(site: str) -> str:
        return titles[site].title or site if site in titles else site

    came = _by_site(agent.spec for name, agent in new.agents.items() if name not in old.agents)
    went = _by_site(agent.spec for name, agent in old.agents.items() if name not in new.agents)
    choose = phrases.choose
    for site, names in came.items():
        count = _count(len(names), (choose("ny agent", "new agent"), choose("nye agenter", "new agents")))
        told = f"{place(site)}: {count}"
        yield Change(What.AGENTS_ADDED, "", told, after=summed_up(names, phrases), heard=False)
    for site, names in went.items():
        count = _count(len(names), (choose("agent slutter", "agent goes"), choose("agenter slutter", "agents go")))
        told = f"{place(site)}: {count}"
        yield Change(What.AGENTS_REMOVED, "", told, before=summed_up(names, phrases), heard=False)
    alike: dict[tuple[str, str], list[str]] = {}
    for name, agent in new.agents.items():
        if name in old.agents and old.agents[name] != agent:
            for told in _changes(old.agents[name].spec, agent.spec, merged, place, phrases):
                alike.setdefault((agent.spec.site, told), []).append(name)
    for (site, told), names in alike.items():
        count = _count(len(names), ("agent", choose("agenter", "agents")))
        sentence = f"{place(site)}: {count} ({summed_up(names, phrases)}): {told}"
        yield Change(What.AGENTS_CHANGED, "", sentence, heard=False)


def _count(count: int, words: tuple[str, str]) -> str:
    return f"{count} {words[count != 1]}"


def _by_site(agents: Iterable[AgentSpec]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for agent in agents:
        found.setdefault(agent.site, []).append(agent.agent)
    return found


def summed_up(names: Sequence[str], phrases: Phrases) -> str:
    """ "oslo-1 to oslo-60, kari": ranges where names are numbered, some of them where there are many."""
    runs: list[tuple[str, int, int]] = []
    for prefix, number in sorted(_split(name) for name in names):
        last = runs[-1] if runs else None
        if last is not None and number >= 0 and last[0] == prefix and last[2] + 1 == number:
            runs[-1] = (prefix, last[1], number)
        else:
            runs.append((prefix, number, number))
    to = phrases.choose(" til ", " to ")
    told = [
        f"{prefix}{first}{to}{prefix}{last}" if first != last else prefix + (str(first) if first >= 0 else "")
        for prefix, first, last in runs
    ]
    return ", ".join(told[:MOST_NAMED]) + (" ..." if len(told) > MOST_NAMED else "")


def _split(name: str) -> tuple[str, int]:
    stem = name.rstrip(digits)
    number = name[len(stem) :]
    return (stem, int(number)) if number and str(int(number)) == number else (name, -1)


def _changes(
    old: AgentSpec, new: AgentSpec, merged: Mapping[str, str], place: Callable[[str], str], phrases: Phrases
) -> Iterator[str]:
    choose = phrases.choose
    if old.site != new.site and merged.get(old.site) != new.site:
        yield choose(f"flytter fra {place(old.site)}", f"move here from {place(old.site)}")
    if old.skills != new.skills:
        yield choose("ferdigheter: ", "skills: ") + ", ".join(_skills(old.skills, new.skills))
    if old.groups != new.groups:
        none = choose("ingen", "none")
        groups = f"{', '.join(old.groups) or none} → {', '.join(new.groups) or none}"
        yield choose("grupper: ", "groups: ") + groups
    rules = [(one.rest_s, one.rests, one.log_out_after) for one in (old, new)]
    if rules[0] != rules[1]:
        yield choose("reglene etter ubesvarte tilbud", "the rules after missed offers")


def _skills(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    for skill in dict.fromkeys((*old, *new)):
        was, is_ = old.get(skill), new.get(skill)
        if was is None:
            yield f"+ {skill} {is_}"
        elif is_ is None:
            yield f"− {skill}"
        elif was != is_:
            yield f"{skill} {was} → {is_}"
