"""Two nights and a morning in a records file, as a node leaves them, with a configuration that names them."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from metrics.pipeline import Folds
from metrics.records import Records
from metrics.service_level import Limits
from tests.metrics.simulated_day import SimulatedDay

OSLO = ZoneInfo("Europe/Oslo")
AUTUMN, SPRING, NOVEMBER = "2026-10-25", "2026-03-29", "2026-11-20"
LIMITS = {"pension": Limits(60, 15)}
TOML = """
[node]
tenant = "nav"
state = "{state}"
[flows]
folder = "{state}/flows"
[[queue]]
name = "pension"
title = "Pensjon & <uføre>"
target_s = 60
short_s = 15
[[queue]]
name = "family"
title = "Familie"
[[trunk]]
name = "loopback"
networks = ["127.0.0.0/8"]
"""


@dataclass(frozen=True)
class Recorded:
    """`config` is the configuration's file; `days` by the date on which most of them is."""

    config: Path
    days: dict[str, SimulatedDay]


async def recorded(folder: Path) -> Recorded:
    records = await Records.open(folder / "records.sqlite")
    folds = Folds("nav", records, limits=LIMITS, commit_every_s=0)
    days = {}
    for date, begins, calls in (
        (SPRING, "2026-03-28T23:00", 80),
        (AUTUMN, "2026-10-24T23:00", 80),
        (NOVEMBER, "2026-11-20T09:00", 150),
    ):
        at = datetime.fromisoformat(begins).replace(tzinfo=OSLO)
        day = days[date] = SimulatedDay(calls, round(at.timestamp() * 1000), 6)
        told = [(id_, replace(event, contact=event.contact and f"{date}-{event.contact}")) for id_, event in day.told()]
        await folds(told)
    await folds.close()
    await records.close()
    config = folder / "svar.toml"
    config.write_text(TOML.format(state=folder))
    return Recorded(config, days)
