"""How long each script held Redis up, by Redis' own clock: its slow log, told that everything is slow."""

from collections import defaultdict
from typing import Any

from redis import Redis

from acd.commands import scripts

MOST = 50_000
MEMORY_EVERY = 10


class Timed:
    """`us` are the microseconds of each run of each script, by name."""

    def __init__(self, url: str) -> None:
        self.us: dict[str, list[int]] = defaultdict(list)
        self.most_bytes = 0
        self.gathered = 0
        self._names = {script.sha: name for name, script in scripts().items()}
        self._client: Any = Redis.from_url(url, decode_responses=True)

    def begin(self) -> None:
        """From here on. What scripts call is logged too, so `gather` after some hundred commands, or some are lost."""
        self._client.config_set("slowlog-max-len", MOST)
        self._client.config_set("slowlog-log-slower-than", 0)

    def gather(self) -> None:
        for entry in self._client.slowlog_get(MOST):
            words = _words(entry["command"])
            if words[0].upper() == "EVALSHA" and (name := self._names.get(words[1])):
                self.us[name].append(entry["duration"])
        self._client.slowlog_reset()
        self.gathered += 1
        if self.gathered % MEMORY_EVERY == 0:
            self.look()

    def look(self) -> None:
        """At the memory."""
        self.most_bytes = max(self.most_bytes, self._client.info("memory")["used_memory"])

    def cpu_s(self) -> float:
        used = self._client.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])

    def close(self) -> None:
        self._client.close()


def _words(command: Any) -> list[str]:
    text = command if isinstance(command, str) else command.decode(errors="replace")
    return [*text.split(" ", 2), "", ""][:3]
