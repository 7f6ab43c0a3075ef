"""Checks of topic trees: one code has one meaning, one queue one tree."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.files.topics_file import TopicRow, TopicsFile
from ivr.language.problems import did_you_mean

MOST_TOPICS = 500
MOST_LEVELS = 6


def check_topics(files: Iterable[tuple[TopicsFile, Marked]], known: Mapping[str, Collection[str]]) -> None:
    """Note in each file's `marked` what is not known, or stands twice."""
    served: dict[str, str] = {}
    for file, marked in files:
        for index, queue in enumerate(file.queues):
            where, queues = ("queues", index), known.get("queue")
            if marked.is_full:
                break
            if queues is not None and queue not in queues:
                marked.report(where, f"there is no queue {queue!r}{did_you_mean(queue, queues)}")
            elif queue in served:
                marked.report(where, f"the queue {queue!r} has its topics in {served[queue]!r} already")
            served.setdefault(queue, file.topics)
        _check_tree(file, marked)


def _check_tree(file: TopicsFile, marked: Marked) -> None:
    codes: set[str] = set()
    for count, (where, row) in enumerate(_rows(("tree",), file.tree)):
        if count == MOST_TOPICS:
            marked.report(("tree",), f"a tree has at most {MOST_TOPICS} topics", key=True)
            return
        if row.code in codes:
            marked.report((*where, "code"), f"the topic {row.code!r} stands in this tree already")
        codes.add(row.code)
        if row.below and len(where) // 2 == MOST_LEVELS:
            marked.report((*where, "below"), f"a tree has at most {MOST_LEVELS} levels", key=True)
            return
        _check_keys((*where, "below"), row.below, marked)
    _check_keys(("tree",), file.tree, marked)


def _check_keys(where: Where, rows: Sequence[TopicRow], marked: Marked) -> None:
    """Keys are digits, since * and # end what is dialled, and each leads to one topic."""
    taken: dict[str, str] = {}
    for index, row in enumerate(rows):
        if row.key is None:
            continue
        if not row.key.isdigit():
            marked.report((*where, index, "key"), f"the key of a topic is one of 0 to 9, not {row.key}")
        elif row.key in taken:
            marked.report((*where, index, "key"), f"key {row.key} is that of {taken[row.key]!r}")
        taken.setdefault(row.key, row.code)


def _rows(where: Where, rows: Sequence[TopicRow]) -> Iterator[tuple[Where, TopicRow]]:
    for index, row in enumerate(rows):
        yield (*where, index), row
        yield from _rows((*where, index, "below"), row.below)
