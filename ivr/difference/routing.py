"""Two versions of routing compared: "callers are also served by neighbouring sites after 45 s (before: 2 min)"."""

from collections.abc import Iterator, Mapping

from acd.model import QueueSpec, Tier
from ivr.difference.changes import Change, What
from ivr.difference.phrases import Phrases
from ivr.difference.staff import compare_agents, mergers
from ivr.language.routing import RoutedPartner, RoutedQueue, RoutedSite, Routing

_SETTINGS: tuple[tuple[str, str, str, bool], ...] = (
    ("skill", "ferdigheten som kreves", "the skill that serves it", True),
    ("level", "minste nivå", "the least level", True),
    ("requires", "ferdigheter som også kreves", "skills needed besides", True),
    ("wishes", "ferdigheter som foretrekkes", "skills that are preferred", True),
    ("choose", "hvordan agenten velges", "how the agent is chosen", True),
    ("fairness", "rettferdighet mellom køer", "fairness between queues", True),
    ("priority", "forspranget", "the head start", True),
    ("max_waiting", "hvor mange som kan vente", "how many may wait", True),
    ("rostered", "om vaktliste gjelder", "whether it goes by a roster", True),
    ("offer", "hvor lenge det ringer hos agenten", "how long an agent's phone rings", False),
    ("wrap_up", "lengste etterarbeid", "the longest wrap-up", False),
    ("target", "målet", "the target", False),
    ("short", "grensen for korte anrop", "the limit of short calls", False),
    ("title", "navnet", "the name", False),
)
"""Settings of a queue, what they are called, and whether callers notice them."""


def compare_routing(old: Routing, new: Routing, phrases: Phrases) -> Iterator[Change]:
    """All changes: queues, sites, agents, partners."""
    for name in dict.fromkeys((*old.queues, *new.queues)):
        yield from _queue(name, old.queues.get(name), new.queues.get(name), _Words(phrases, old, new))
    yield from _sites(old, new, phrases)
    yield from compare_agents(old, new, phrases)
    for name in dict.fromkeys((*old.partners, *new.partners)):
        yield from _partner(name, old.partners.get(name), new.partners.get(name), phrases)


def length(seconds: int, phrases: Phrases) -> str:
    """A length as it is said: 5400 is "1 h 30 min"."""
    hours, minutes, left = seconds // 3600, seconds // 60 % 60, seconds % 60
    hour = phrases.choose("t", "h")
    return " ".join(f"{count} {unit}" for count, unit in ((hours, hour), (minutes, "min"), (left, "s")) if count) or "0"


# --- Queues -----------------------------------------------------------------------------------------------------------


class _Words:
    """Words for the tiers of queues."""

    def __init__(self, phrases: Phrases, old: Routing, new: Routing) -> None:
        self.choose = phrases.choose
        self.phrases = phrases
        self._sites = {**old.sites, **new.sites}
        self._partners = {**old.partners, **new.partners}

    def who(self, tier: Tier) -> str:
        if tier.partner:
            title = self._partners[tier.partner].title if tier.partner in self._partners else ""
            return self.choose("partneren ", "the partner ") + titled(tier.partner, title)
        told = {
            "own": self.choose("sitt eget senter", "their own site"),
            "neighbours": self.choose("nabosentre", "neighbouring sites"),
            "all": self.choose("alle sentre", "all sites"),
        }.get(str(tier.sites)) or self._list(tier.sites)
        if tier.groups:
            told += self.choose(", gruppe ", ", group ") + ", ".join(tier.groups)
        if tier.skill:
            told += self.choose(" med ferdigheten ", " by the skill ") + tier.skill
        return told + (self.choose(f" fra nivå {tier.level}", f" from level {tier.level}") if tier.level else "")

    def _list(self, sites: str | tuple[str, ...]) -> str:
        names = [self._sites[site].title or site if site in self._sites else site for site in sites]
        return ", ".join(names)

    def when(self, tier: Tier) -> str:
        choose = self.choose
        ways = [
            (tier.after_s, choose("etter {}", "after {}")),
            (tier.estimate_s, choose("når en ny måtte vente {}", "when somebody new would wait {}")),
            (tier.closing_s, choose("{} før stengetid", "{} before closing")),
        ]
        told = [text.format(length(seconds, self.phrases)) for seconds, text in ways if seconds]
        if tier.waiting:
            told.append(choose(f"når {tier.waiting} venter", f"when {tier.waiting} wait"))
        if tier.nobody:
            logged_in = choose("når ingen er logget inn", "when nobody is logged in")
            told.append(
                logged_in if tier.nobody == "logged_in" else choose("når ingen er ledig", "when nobody is at work")
            )
        if tier.site_lost:
            told.append(choose("når eget senter er borte", "when their own site is lost"))
        return choose(" eller ", " or ").join(told) or choose("fra første stund", "from the start")


def titled(name: str, title: str) -> str:
    return f"{title} ({name})" if title and title != name else name


def _queue(name: str, old: RoutedQueue | None, new: RoutedQueue | None, words: _Words) -> Iterator[Change]:
    title = titled(name, next((one.title for one in (new, old) if one is not None), ""))
    if old is None and new is not None:
        served = "; ".join(f"{words.who(tier)} {words.when(tier)}" for tier in new.spec.tiers)
        yield Change(What.QUEUE_ADDED, "", words.choose(f"Ny kø {title}", f"New queue {title}"), after=served)
    elif old is not None and new is None:
        yield Change(What.QUEUE_REMOVED, "", words.choose(f"Køen {title} er fjernet", f"The queue {title} is removed"))
    elif old is not None and new is not None:
        whose = words.choose(f"Kø {title}: ", f"Queue {title}: ")
        for told in _tiers(old.spec, new.spec, words):
            yield Change(What.QUEUE_CHANGED, "", whose + told)
        was, is_ = _set(old, words.phrases), _set(new, words.phrases)
        for key, norwegian, english, heard in _SETTINGS:
            if was[key] != is_[key]:
                told = whose + words.choose(norwegian, english)
                yield Change(What.QUEUE_CHANGED, "", told, before=was[key], after=is_[key], heard=heard)


def _tiers(old: QueueSpec, new: QueueSpec, words: _Words) -> Iterator[str]:
    before, now = _by_who(old, words), _by_who(new, words)
    also = words.choose("innringere betjenes også av ", "callers are also served by ")
    for key, tier in now.items():
        first = key == next(iter(now))
        served = words.choose("innringere betjenes av ", "callers are served by ") if first else also
        if key not in before:
            yield f"{served}{key[0]} {words.when(tier)}"
        elif (was := words.when(before[key])) != words.when(tier):
            yield f"{served}{key[0]} {words.when(tier)} ({words.choose('før', 'before')}: {was})"
    for key, tier in before.items():
        if key not in now:
            told = words.choose("innringere betjenes ikke lenger av ", "callers are no longer served by ")
            yield f"{told}{key[0]} ({words.choose('før', 'before')}: {words.when(tier)})"
    both = [key for key in before if key in now]
    if both != [key for key in now if key in before]:
        order = ", ".join(key[0] for key in now)
        yield words.choose("de kommer til i en annen rekkefølge: ", "they come in another order: ") + order


def _by_who(spec: QueueSpec, words: _Words) -> dict[tuple[str, int], Tier]:
    """Tiers by whom they bring; those that bring the same are numbered."""
    found: dict[tuple[str, int], Tier] = {}
    for tier in spec.tiers:
        who, number = words.who(tier), 0
        while (who, number) in found:
            number += 1
        found[who, number] = tier
    return found


def _set(queue: RoutedQueue, phrases: Phrases) -> dict[str, str]:
    spec, nothing = queue.spec, phrases.choose("ingenting", "nothing")
    within = phrases.choose(f"innen {spec.target_s} s", f"within {spec.target_s} s")
    return {
        "skill": spec.skill or spec.queue,
        "level": str(spec.level),
        "requires": levels(spec.serving.requires) or nothing,
        "wishes": levels(spec.serving.wishes) or nothing,
        "choose": _chosen(spec.serving.by, phrases),
        "fairness": _fair(spec.serving.fairness, phrases),
        "priority": length(spec.priority_s, phrases),
        "max_waiting": str(spec.max_waiting),
        "rostered": phrases.choose("ja", "yes") if spec.rostered else phrases.choose("nei", "no"),
        "offer": length(spec.offer_s, phrases),
        "wrap_up": length(spec.wrap_up_s, phrases),
        "target": f"{queue.percent} % {within}" if queue.percent else within,
        "short": length(spec.short_s, phrases),
        "title": queue.title or spec.queue,
    }


def _chosen(by: str, phrases: Phrases) -> str:
    if by == "level":
        return phrases.choose("høyeste nivå først", "the highest level first")
    return phrases.choose("lengst ledig først", "the longest idle first")


def _fair(by: str, phrases: Phrases) -> str:
    if by == "target":
        return phrases.choose("ventetid mot målet", "the wait against the target")
    return phrases.choose("lengste ventetid", "the longest wait")


def levels(skills: Mapping[str, int]) -> str:
    return ", ".join(f"{skill} {level}" for skill, level in skills.items())


# --- Sites and partners -----------------------------------------------------------------------------------------------


def _sites(old: Routing, new: Routing, phrases: Phrases) -> Iterator[Change]:
    choose = phrases.choose
    merged = mergers(old, new)
    counts = len(old.sites), len(new.sites)
    if merged and counts[0] != counts[1]:
        told = choose(f"{counts[0]} sentre blir {counts[1]}", f"{counts[0]} sites become {counts[1]}")
        yield Change(What.SITES_MERGED, "", told)
    for target in new.sites:
        sources = [site for site, to in merged.items() if to == target]
        if sources:
            yield _merger(target, sources, old, new, phrases)
    for name, site in new.sites.items():
        if name not in old.sites and name not in merged.values():
            told = choose("Nytt senter ", "New site ") + titled(name, site.title)
            yield Change(What.SITE_ADDED, "", told, heard=False)
    for name, site in old.sites.items():
        if name not in new.sites and name not in merged:
            told = choose("Senteret {} er nedlagt", "The site {} is closed").format(titled(name, site.title))
            yield Change(What.SITE_REMOVED, "", told)
        elif name in new.sites:
            yield from _site(name, site, new.sites[name], merged, phrases)


def _merger(target: str, sources: list[str], old: Routing, new: Routing, phrases: Phrases) -> Change:
    """ "Oslo takes in Akershus (60 agents) and Østfold (40); it has 160 agents (before: 60)"."""
    choose = phrases.choose
    before, now = _staffed(old), _staffed(new)
    agents = choose("agenter", "agents")
    parts = [f"{old.sites[site].title or site} ({before.get(site, 0)} {agents})" for site in sources]
    listed = choose(" og ", " and ").join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    name = titled(target, new.sites[target].title)
    if target in old.sites:
        told = choose(f"{name} tar opp i seg {listed}", f"{name} takes in {listed}")
        was = choose(f" (før: {before.get(target, 0)})", f" (before: {before.get(target, 0)})")
    else:
        told = choose(f"Det nye senteret {name} samler {listed}", f"The new site {name} brings together {listed}")
        was = ""
    has = choose("; det har", "; it has")
    return Change(What.SITES_MERGED, "", f"{told}{has} {now.get(target, 0)} {agents}{was}")


def _staffed(routing: Routing) -> dict[str, int]:
    found: dict[str, int] = {}
    for agent in routing.agents.values():
        found[agent.spec.site] = found.get(agent.spec.site, 0) + 1
    return found


def _site(name: str, old: RoutedSite, new: RoutedSite, merged: Mapping[str, str], phrases: Phrases) -> Iterator[Change]:
    whose = phrases.choose("Senter ", "Site ") + titled(name, new.title or old.title) + ": "
    before, now = (dict.fromkeys(map(str, site.spec.neighbours)) for site in (old, new))
    # A neighbour that is part of another site now is no change to tell.
    meant = [site for site in dict.fromkeys(merged.get(site, site) for site in before) if site != name]
    if sorted(meant) != sorted(now):
        none = phrases.choose("ingen", "none")
        told = whose + phrases.choose("nabosentre", "neighbours")
        yield Change(What.SITE_CHANGED, "", told, before=", ".join(before) or none, after=", ".join(now) or none)
    if old.title != new.title:
        told = whose + phrases.choose("navnet", "the name")
        yield Change(What.SITE_CHANGED, "", told, before=old.title or name, after=new.title or name, heard=False)


def _partner(name: str, old: RoutedPartner | None, new: RoutedPartner | None, phrases: Phrases) -> Iterator[Change]:
    title = titled(name, next((one.title for one in (new, old) if one is not None), ""))
    choose = phrases.choose
    if old is None and new is not None:
        after = "; ".join(_of_partner(new, phrases).values())
        yield Change(What.PARTNER_ADDED, "", choose(f"Ny partner {title}", f"New partner {title}"), after=after)
    elif old is not None and new is None:
        yield Change(
            What.PARTNER_REMOVED, "", choose(f"Partneren {title} er fjernet", f"The partner {title} is removed")
        )
    elif old is not None and new is not None:
        was, is_ = _of_partner(old, phrases), _of_partner(new, phrases)
        for what in was:
            if was[what] != is_[what]:
                told = choose(f"Partner {title}: ", f"Partner {title}: ") + what
                yield Change(What.PARTNER_CHANGED, "", told, before=was[what], after=is_[what])


def _of_partner(partner: RoutedPartner, phrases: Phrases) -> dict[str, str]:
    spec, choose = partner.spec, phrases.choose
    return {
        choose("kapasitet", "capacity"): choose(f"{spec.capacity} om gangen", f"{spec.capacity} at once"),
        choose("åpningstid", "hours"): partner.hours or choose("alltid åpen", "always open"),
        choose("hvor lenge det ringer", "how long it rings"): choose("ringer ", "rings ")
        + length(spec.rings_s, phrases),
        choose("hvile etter ubesvart", "the rest after no answer"): choose("hviler ", "rests ")
        + length(spec.rest_s, phrases),
        choose("navnet", "the name"): partner.title or spec.partner,
    }
