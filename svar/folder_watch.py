"""For development: a changed folder of flows is served at once; one with mistakes leaves what is served as it is."""

import asyncio
from pathlib import Path

import structlog

from acd.versions import VersionError
from ivr.language.problems import FlowFileError
from ivr.versions.content import stamps
from svar.flows_in_service import FlowsInService

log = structlog.get_logger(__name__)

EVERY_S = 0.5

Stamps = frozenset[tuple[str, int, int]]


class FolderWatch:
    """Nothing goes to the store, and nothing that is published there is served by this node."""

    def __init__(self, flows: FlowsInService, folder: Path) -> None:
        self._flows = flows
        self._folder = folder
        self._seen: Stamps = frozenset()

    async def start(self) -> None:
        """Serve the folder as it is. Raises FlowFileError, VersionError."""
        self._seen = await asyncio.to_thread(stamps, self._folder)
        await self._flows.take_folder()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Serve the folder anew if something in it changed since it was last looked at; mistakes are told once."""
        seen = await asyncio.to_thread(stamps, self._folder)
        if seen == self._seen:
            await self._flows.sweep()
            return
        self._seen = seen
        try:
            await self._flows.take_folder()
        except FlowFileError as error:
            for problem in error.problems:
                log.error("a mistake in the flows; what was served goes on", problem=str(problem))
        except (VersionError, OSError, TimeoutError) as error:
            log.error("the flows cannot be served; what was served goes on", error=str(error) or type(error).__name__)
        else:
            log.info("flows in service", version=self._flows.active.name)
