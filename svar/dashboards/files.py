"""The dashboards' files below deploy/grafana; a test says when they are stale."""

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from svar.dashboards import agents, country, flows, measures, service, site, telephony
from svar.dashboards.panels import Page, built

FOLDER = "deploy/grafana/dashboards"


def pages() -> tuple[Page, ...]:
    """In the order in which somebody new would read them."""
    shown = country, service, site, agents, telephony, flows, measures
    return tuple(one.page() for one in shown)


def files() -> dict[str, str]:
    """The text of each dashboard, by its path below the project's folder."""
    return {f"{FOLDER}/{page.uid.removeprefix('svar-')}.json": _written(page) for page in pages()}


def _written(page: Page) -> str:
    return json.dumps(built(page), cls=JSONEncoder, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
