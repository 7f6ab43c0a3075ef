"""Flyt: what callers do in the menus, and where they leave."""

from grafana_foundation_sdk.models.dashboard import Panel

from svar.dashboards.chosen import FLOW, TENANT, F, T, increase
from svar.dashboards.panels import Column, Page, Query, Row, bars, lines, number, rows, told


def page() -> Page:
    return Page(
        "svar-flyt",
        "Flyt · Flows",
        "Hva innringere gjør i menyene, og hvor de legger på. What callers do in the menus, and where they leave.",
        (
            Row(5, tuple((6, panel) for panel in _sums())),
            Row(9, ((12, _started()), (12, _outcomes()))),
            Row(10, ((16, _steps()), (8, _left()))),
            Row(8, ((8, _versions()), (8, _deflections()), (8, _lookups()))),
            Row(8, ((12, _crises()), (12, _messages()))),
        ),
        (TENANT, FLOW),
    )


def _all(name: str) -> str:
    return increase(name, "flow, step", F)


def _by_step(name: str) -> str:
    return increase(name, "flow, step", F, "step")


def _sums() -> list[Panel]:
    began = told("Henvendelser", "Contacts", "De som kom inn i flyten, i tiden som vises. All who came in.")
    left = told("La på underveis", "Hung up on the way", "La på i et steg og hadde ikke nådd noen. Reached nobody.")
    share = told("Andel som la på", "Share that hung up", "La på underveis, av alle som kom inn. Of all who came in.")
    over = told("Ferdig i flyten", "Ended in order", "Samtalen var ferdig i et steg. The call was over at a step.")
    started = increase("svar_contacts_started_total", "flow", F)
    return [
        number(began, started),
        number(left, _all("svar_flow_left_total")),
        number(share, f"{_all('svar_flow_left_total')} / ({started} > 0)", "percentunit"),
        number(over, _all("svar_flow_ended_total")),
    ]


def _started() -> Panel:
    about = "Henvendelser i minuttet per flyt. Contacts a minute by flow."
    rate = f"60 * sum by (flow) (max by (tenant, flow) (rate(svar_contacts_started_total{{{F}}}[$__rate_interval])))"
    return lines(told("Inn i flyten", "Into the flow", about), Query(rate, "{{flow}}"), stacked=True)


def _outcomes() -> Panel:
    about = "Hva det ble av henvendelsene, i minuttet (alle flyter). What became of contacts, a minute (all flows)."
    rate = (
        f"60 * sum by (outcome) (max by (tenant, outcome) (rate(svar_contacts_ended_total{{{T}}}[$__rate_interval])))"
    )
    return lines(told("Utfall", "Outcomes", about), Query(rate, "{{outcome}}"), stacked=True)


def _steps() -> Panel:
    about = (
        "Hvert steg i tiden som vises: hvor mange som kom dit, la på der, og var ferdige der. Et steg der mange legger "
        "på, har en tekst som er for lang eller et valg som ingen forstår. Each step in the time shown: who came, "
        "hung up, and was done there."
    )
    left, came = _by_step("svar_flow_left_total"), _by_step("svar_flow_steps_total")
    return rows(
        told("Stegene", "Steps", about),
        "step",
        "Steg · Step",
        (
            Column("Kom hit · Came", f"sort_desc({came})"),
            Column("La på her · Hung up here", left),
            Column("Andel som la på · Share", f"{left} / ({came} > 0)", "percentunit"),
            Column("Ferdig her · Ended here", _by_step("svar_flow_ended_total")),
        ),
    )


def _left() -> Panel:
    about = "De ti stegene der flest la på. The ten steps at which most hung up."
    return bars(
        told("Hvor de legger på", "Where callers leave", about),
        Query(f"topk(10, {_by_step('svar_flow_left_total')})", "{{step}}"),
    )


def _versions() -> Panel:
    about = "Versjonen av flytene i drift på hver node. The version of the flows in service at each node."
    return bars(
        told("Versjoner i drift", "Versions in service", about),
        Query("count by (version, arm) (svar_flows_in_service)", "{{version}} ({{arm}})"),
    )


def _deflections() -> Panel:
    about = "De som ble fortalt om en annen vei (nett, SMS), per time. Callers told of another way, an hour."
    rate = f"3600 * max by (to, outcome) (rate(svar_deflections_total{{{T}}}[$__rate_interval]))"
    return lines(told("Avledet", "Deflected", about), Query(rate, "{{to}}: {{outcome}}"))


def _lookups() -> Panel:
    about = "Oppslag i fagsystemer, i minuttet etter utfall. Look-ups by service and outcome, a minute."
    rate = f"60 * max by (service, outcome) (rate(svar_lookups_total{{{T}}}[$__rate_interval]))"
    return lines(told("Oppslag", "Look-ups", about), Query(rate, "{{service}}: {{outcome}}"))


def _crises() -> Panel:
    about = "Krisemeldinger: hvor mange som hørte dem, og la på. Crisis messages: who heard them, and hung up."
    return lines(
        told("Kriser", "Crises", about),
        Query(increase("svar_crisis_heard_total", "crisis", T, "crisis"), "Hørte · heard: {{crisis}}"),
        Query(increase("svar_crisis_hung_up_total", "crisis", T, "crisis"), "La på · hung up: {{crisis}}"),
    )


def _messages() -> Panel:
    about = "Talebeskjeder i tiden som vises. Voice messages in the time shown."
    return bars(
        told("Talebeskjeder", "Voice messages", about),
        Query(increase("svar_voicemails_total", "mailbox", T, "mailbox"), "{{mailbox}}"),
    )
