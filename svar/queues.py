"""The queues that a node has: those of its configuration, which may be read again while callers wait."""

from collections.abc import Iterator

import structlog

from acd.distributor import DistributorError
from metrics.service_level import Limits
from svar import deployment, endpoint
from svar.checks import check
from svar.config import Config, ConfigError
from svar.storage import Storage

_log = structlog.get_logger(__name__)

PLURAL = {"mailbox": "mailboxes", "sms": "sms"}


class Queues:
    """`titles` and `known` are the queues of now; whoever holds them sees what is read later."""

    def __init__(self, config: Config) -> None:
        self.titles = endpoint.titles(config)
        self.known = dict(deployment.names(config))
        self._agents = frozenset(endpoint.agents(config))

    async def take(self, config: Config, storage: Storage) -> None:
        """Have the queues of `config`, and its skills of the agents that were there at the start.

        What cannot be is logged, and the queues stay as they were: callers in progress notice nothing.
        """
        try:
            check(config)
            specs = [spec for spec in endpoint.agent_specs(config) if spec.agent in self._agents]
            await storage.distributor.configure(endpoint.queue_specs(config), specs)
        except (ConfigError, DistributorError) as error:
            _log.error("the queues stay as they were", error=str(error))
            return
        for change in self._changes(config):
            _log.warning("the configuration has what only a restart takes up", change=change)
        self.titles.clear()
        self.titles.update(endpoint.titles(config))
        self.known["queue"] = list(self.titles)
        storage.folds.service_level.learn({queue.name: Limits(queue.target_s, queue.short_s) for queue in config.queue})
        _log.info("the queues were read again", queues=len(self.titles))

    def _changes(self, config: Config) -> Iterator[str]:
        agents = frozenset(endpoint.agents(config))
        if added := sorted(agents - self._agents):
            yield f"new agents: {', '.join(added[:5])}"
        names = deployment.names(config)
        for kind, before in self.known.items():
            if kind != "queue" and sorted(before) != sorted(names[kind]):
                yield PLURAL.get(kind, f"{kind}s")
