"""Nodes, sites, who serves which queues when, and who is on duty."""

from collections.abc import Mapping, Sequence

from acd.model import Tier
from console.accounts import Role
from console.asked import Asked
from console.pages import shown
from console.pages.frame import Content
from console.pages.markup import Child, Html, el, join
from console.pages.words import say
from console.view import View
from ivr.language.routing import Routing

MOST = 200
_NUMBERS = ("at_work", "ready")
_SITES = {
    "own": ("stedet som fikk anropet", "the caller's own site"),
    "neighbours": ("naboene", "its neighbours"),
    "all": ("alle steder", "all sites"),
}


async def show(asked: Asked, view: View, _: Mapping[str, str]) -> Content:
    """The page. Raises Unavailable."""
    words = asked.language
    routing = view.routing()
    body = join(
        el("h1", say(words, "installation")),
        el("p", say(words, "installation_text"), class_="quiet"),
        await _nodes(words, view),
        _sites(words, view, routing),
        _tiers(words, routing),
        await _duty(asked, view),
    )
    return Content(say(words, "installation"), body, refresh_s=5)


async def _nodes(words: str, view: View) -> Html:
    rows = [
        el("tr", el("th", one.node, scope="row"), el("td", one.site), el("td", one.release),
           el("td", el("span", class_=f"dot {'ready' if one.alive else 'lost'}", aria_hidden="true"),
              say(words, "alive" if one.alive else "gone")))
        for one in (await view.nodes())[:MOST]
    ]  # fmt: skip
    return _section(words, "nodes", ("node", "site", "release", "state"), rows)


def _sites(words: str, view: View, routing: Routing) -> Html | None:
    seen = view.seen()
    if not seen.sites:
        return None
    rows = []
    for name, title in seen.sites:
        site = routing.sites.get(name)
        helpers = ", ".join(_title(routing, one) for one in site.spec.neighbours) if site is not None else ""
        figures = [el("td", shown.number(seen.state.get(f"s|{name}|{key}"), words), class_="num")
                   for key in ("at_work", "ready")]  # fmt: skip
        rows.append(el("tr", el("th", title, scope="row"), figures, el("td", helpers or shown.NONE, class_="long")))
    return _section(words, "sites", ("site", "at_work", "ready", "neighbours"), rows)


def _tiers(words: str, routing: Routing) -> Html:
    rows = []
    for name, queue in list(routing.queues.items())[:MOST]:
        tiers = el("ol", [el("li", _tier(words, tier, routing)) for tier in queue.spec.tiers], class_="tiers")
        goal = f"{queue.percent or 70}/{queue.spec.target_s}"
        rows.append(
            el("tr", el("th", queue.title or name, scope="row"), el("td", goal), el("td", tiers, class_="long"))
        )
    return _section(words, "tiers", ("queue", "target", "tiers"), rows)


async def _duty(asked: Asked, view: View) -> Html:
    """Names are for supervisors."""
    words = asked.language
    rows: list[Html] = []
    for queue, agents in sorted((await view.staff.on_duty()).items())[:MOST]:
        told = (
            ", ".join(sorted(agents)) if asked.may(Role.SUPERVISOR) else say(words, "people_count", count=len(agents))
        )
        rows.append(
            el(
                "tr",
                el("th", view.titles.get(queue, queue), scope="row"),
                el("td", told or say(words, "nobody"), class_="long"),
            )
        )
    return _section(words, "rosters", ("queue", "on_duty"), rows, say(words, "no_rosters"))


def _section(words: str, title: str, columns: Sequence[str], rows: Sequence[Html], empty: Child = None) -> Html:
    heading = el("h2", say(words, title))
    if not rows:
        return el("section", heading, el("p", empty, class_="quiet"))
    cells = [el("th", say(words, one), scope="col", class_="num" if one in _NUMBERS else None) for one in columns]
    head = el("thead", el("tr", cells))
    table = el("table", el("caption", say(words, title), class_="unseen"), head, el("tbody", rows), class_="list")
    return el(
        "section",
        heading,
        el("div", table, class_="wide fit", tabindex="0", role="region", aria_label=say(words, title)),
    )


def _title(routing: Routing, site: str) -> str:
    found = routing.sites.get(site)
    return (found.title if found is not None else "") or site


def _tier(words: str, tier: Tier, routing: Routing) -> str:
    at = 0 if words == "nb" else 1
    if tier.partner:
        partner = routing.partners.get(tier.partner)
        who = (partner.title if partner is not None else "") or tier.partner
    elif isinstance(tier.sites, str):
        who = _SITES.get(tier.sites, (tier.sites, tier.sites))[at]
    else:
        who = ", ".join(_title(routing, site) for site in tier.sites)
    if tier.groups:
        who += f" ({', '.join(tier.groups)})"
    if tier.skill:
        who += f", {('ferdighet', 'skill')[at]} {tier.skill}"
    if tier.level:
        who += f", {('nivå', 'level')[at]} {tier.level}+"
    return f"{who}: {_opens(tier, at)}"


def _opens(tier: Tier, at: int) -> str:
    """When it opens, in words."""
    told = [
        (tier.after_s, ("etter {} s", "after {} s")),
        (tier.estimate_s, ("når en ny ville vente {} s", "when somebody new would wait {} s")),
        (tier.waiting, ("når {} venter", "when {} wait")),
        (tier.nobody == "logged_in", ("når ingen er logget inn før", "when nobody before is logged in")),
        (tier.nobody == "at_work", ("når ingen er på jobb før", "when nobody before is at work")),
        (tier.site_lost, ("når stedet er borte", "when the site is lost")),
        (tier.closing_s, ("{} s før stengetid", "{} s before closing")),
    ]
    open_by = [words[at].format(value) for value, words in told if value]
    return (" eller ", " or ")[at].join(open_by) or ("fra starten", "from the start")[at]
