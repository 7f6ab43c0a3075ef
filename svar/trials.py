"""What a version on trial may not need: queues that the routing in service does not have."""

import tempfile
from pathlib import Path

from acd.versions import Content
from ivr.files.load import Folder, read_folder
from ivr.language.problems import did_you_mean
from ivr.versions.content import write_content
from svar.config import Config


def lacking(config: Config, tried: Content, served: Content) -> list[str]:
    """The queues that the flows of `tried` lead to and nobody has while `served` is for everybody, in words.

    There is one distributor for everybody, and a version moves its routing only when it is for everybody.
    """
    with tempfile.TemporaryDirectory(prefix="svar-trial-") as temporary:
        folders = [_read(content, Path(temporary) / name) for name, content in (("tried", tried), ("served", served))]
    there = {queue.name for queue in config.queue} | folders[1].routing.names("queues")
    nodes = [node for loaded in folders[0].flows for node in loaded.flow.nodes.values()]
    wanted = {what for node in nodes for kind, what in node.needs().values() if kind == "queue"}
    return [f"there is no queue {queue!r} in service{did_you_mean(queue, there)}" for queue in sorted(wanted - there)]


def _read(content: Content, folder: Path) -> Folder:
    write_content(content, folder)
    return read_folder(folder)
