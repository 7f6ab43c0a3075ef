"""The national example, and the same country after its 19 sites were merged into 12."""

import re
from pathlib import Path

from ivr.versions.content import read_content

FOLDER = Path(__file__).parents[2] / "examples" / "national"
FLOWS = FOLDER / "flows"
MERGED = {
    "finnmark": "troms_finnmark",
    "troms": "troms_finnmark",
    "nord_trondelag": "trondelag",
    "sor_trondelag": "trondelag",
    "sogn_fjordane": "vestland",
    "hordaland": "vestland",
    "vest_agder": "agder",
    "aust_agder": "agder",
    "telemark": "vestfold_telemark",
    "vestfold": "vestfold_telemark",
    "buskerud": "viken",
    "ostfold": "viken",
    "hedmark": "innlandet",
    "oppland": "innlandet",
}
"""The county reform of 2020: sites by what they are part of afterwards."""
SITES = """sites:
  - {name: troms_finnmark, title: Troms og Finnmark, neighbours: [nordland]}
  - {name: nordland, title: Nordland, neighbours: [troms_finnmark, trondelag]}
  - {name: trondelag, title: Trøndelag, neighbours: [nordland, more_romsdal, innlandet]}
  - {name: more_romsdal, title: Møre og Romsdal, neighbours: [trondelag, vestland]}
  - {name: vestland, title: Vestland, neighbours: [more_romsdal, rogaland]}
  - {name: rogaland, title: Rogaland, neighbours: [vestland, agder]}
  - {name: agder, title: Agder, neighbours: [rogaland, vestfold_telemark]}
  - {name: vestfold_telemark, title: Vestfold og Telemark, neighbours: [agder, viken]}
  - {name: viken, title: Viken, neighbours: [vestfold_telemark, oslo, innlandet]}
  - {name: oslo, title: Oslo, neighbours: [viken]}
  - {name: innlandet, title: Innlandet, neighbours: [viken, trondelag]}
  - {name: service, title: Servicesenteret}
"""


def before() -> dict[str, bytes]:
    """The content of the example's flows' folder."""
    return read_content(FLOWS)


def after() -> dict[str, bytes]:
    """The same with 12 sites: every agent keeps name and skills."""
    content = before()
    agents = content["routing/agents.yaml"].decode()
    merged = re.sub(r"site: (\w+)", lambda found: f"site: {MERGED.get(found[1], found[1])}", agents)
    return content | {"routing/agents.yaml": merged.encode(), "routing/sites.yaml": SITES.encode()}
