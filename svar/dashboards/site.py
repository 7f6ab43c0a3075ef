"""Sted: the sites, their agents and their nodes."""

from grafana_foundation_sdk.models.dashboard import Panel

from svar.dashboards.chosen import PLACE, SITE, TENANT, S
from svar.dashboards.panels import (
    STATES,
    WELL,
    Column,
    Page,
    Query,
    Row,
    bars,
    lines,
    number,
    rows,
    told,
)  # fmt: skip


def page() -> Page:
    return Page(
        "svar-sted",
        "Sted · Site",
        "Ett sted: veilederne der, og nodene som betjener det. One site: its agents, and the nodes that serve it.",
        (
            Row(5, tuple((6, panel) for panel in _now())),
            Row(9, ((16, _states()), (8, _logged_in()))),
            Row(9, ((12, _sites()), (12, _nodes()))),
        ),
        (TENANT, SITE),
    )


def _now() -> list[Panel]:
    nodes = told("Noder i drift", "Nodes serving", "Noder som tar imot anrop; 0: stedet er borte. 0: the site is lost.")
    ready = told("Ledige nå", "Ready now", "Veiledere som er ledige. Agents who are ready.")
    talking = told("I samtale nå", "Talking now", "Veiledere i samtale. Agents in a talk.")
    away = told("Ikke klare nå", "Not ready now", "Logget inn, men på pause. Logged in, and on a break.")
    return [
        number(nodes, f"sum(svar:site_nodes:now{{{PLACE}}})", steps=WELL),
        number(ready, f'sum(svar:agents:now{{{S}, state="ready"}})'),
        number(talking, f'sum(svar:agents:now{{{S}, state="talking"}})'),
        number(away, f'sum(svar:agents:now{{{S}, state="not_ready"}})'),
    ]


def _states() -> Panel:
    about = "Veilederne på stedet etter tilstand. Agents of the site by state."
    return lines(
        told("Veiledere etter tilstand", "Agents by state", about),
        Query(f'sum by (state) (svar:agents:now{{{S}, state!="logged_out"}})', "{{state}}"),
        stacked=True,
        named=STATES,
    )


def _logged_in() -> Panel:
    about = "Logget inn, per sted. Logged in, by site."
    return bars(
        told("Logget inn per sted", "Logged in by site", about),
        Query(f'sum by (site) (svar:agents:now{{{S}, state!="logged_out"}})', "{{site}}"),
    )


def _sites() -> Panel:
    about = "Alle valgte steder nå. All chosen sites now."
    return rows(
        told("Stedene", "Sites", about),
        "site",
        "Sted · Site",
        (
            Column("Noder · Nodes", f"max by (site) (svar:site_nodes:now{{{PLACE}}})", steps=WELL),
            Column("Ledige · Ready", f'sum by (site) (svar:agents:now{{{S}, state="ready"}})'),
            Column("Logget inn · Logged in", f'sum by (site) (svar:agents:now{{{S}, state!="logged_out"}})'),
        ),
    )


def _nodes() -> Panel:
    about = "Pågående anrop på hver node. Calls in progress at each node."
    calls = f"svar_calls_in_progress * on (instance) group_left (node, site) svar_node_info{{{PLACE}}}"
    return lines(
        told("Anrop per node", "Calls by node", about),
        Query(calls, "{{node}} ({{site}})"),
        stacked=True,
    )
