"""The table of deeds over MQTT: `{"token": ..., "do": "ready", ...}`, with an `id` that comes back in the answer."""

import json
from typing import Any

import structlog

from acd.distributor import DistributorError
from console.api import shape
from console.api.app import parsed
from console.api.deeds import DEEDS, perform
from console.api.desk import Desk
from console.api.door import Door
from console.api.problems import Problem, of
from ivr.language.problems import did_you_mean

log = structlog.get_logger(__name__)

MOST_ID = 64


class Commands:
    """Takes what came for an agent and gives the answer as JSON: `{"ok": true}`, or `ok` false with the problem."""

    def __init__(self, desk: Desk, door: Door) -> None:
        self._desk = desk
        self._door = door

    async def answer(self, agent: str, payload: bytes) -> str:
        """Never raises. The token is never said again."""
        told: dict[str, Any] = {}
        try:
            raw = parsed(payload)
            if not isinstance(raw, dict):
                raise Problem("malformed", "expected an object with token and do")
            told = _id(raw)
            answer = await self._do(agent, raw)
            told |= {"ok": True} | ({"answer": shape.plain(answer)} if answer is not None else {})
        except Problem as problem:
            told |= {"ok": False} | problem.members()
        except DistributorError as error:
            told |= {"ok": False} | of(error).members()
        except Exception:
            log.exception("a command over mqtt failed")
            told |= {"ok": False} | Problem("fault", "it is in the log of the node").members()
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    async def _do(self, agent: str, raw: dict[str, Any]) -> Any:
        text = raw.pop("token", None)
        # One who tries tokens for an agent keeps nobody else from being heard.
        token = await self._door.look(text if isinstance(text, str) else "", f"mqtt {agent}"[:64])
        name = raw.pop("do", None)
        deed = DEEDS.get(name) if isinstance(name, str) else None
        if deed is None:
            hint = did_you_mean(str(name)[:40], DEEDS) or f"; known are {', '.join(DEEDS)}"
            raise Problem("malformed", f"/do: there is no such deed{hint}")
        return await perform(self._desk, token, "mqtt", deed, agent, shape.read(deed.body, raw))


def _id(raw: dict[str, Any]) -> dict[str, Any]:
    given = raw.pop("id", None)
    return {"id": given} if isinstance(given, str) and len(given) <= MOST_ID and given.isprintable() else {}
