"""What contacts were about: a tree of topic codes for each service, chosen from at the end of wrap-up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ivr.language.problems import did_you_mean


class UnknownTopic(ValueError):
    """A code that the tree of the queue has not; the message says which is near."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One code, its names by language, the `digits` that say it on a phone (empty: none), and what is `below` it."""

    code: str
    titles: Mapping[str, str]
    digits: str = ""
    below: tuple["Topic", ...] = ()

    def all(self) -> Iterator["Topic"]:
        """This one and everything below it, in the order of the file."""
        yield self
        for topic in self.below:
            yield from topic.all()


@dataclass(frozen=True, slots=True)
class TopicTree:
    """The topics of one service, whose contacts come by `queues`."""

    name: str
    titles: Mapping[str, str]
    queues: tuple[str, ...]
    topics: tuple[Topic, ...]

    def all(self) -> Iterator[Topic]:
        for topic in self.topics:
            yield from topic.all()

    def checked(self, code: str) -> str:
        """The code itself. Raises UnknownTopic."""
        codes = [topic.code for topic in self.all()]
        if code not in codes:
            hint = (
                did_you_mean(code, codes) or f"; the tree begins with {', '.join(topic.code for topic in self.topics)}"
            )
            raise UnknownTopic(f"there is no topic {code!r} in {self.name!r}{hint}")
        return code

    def by_digits(self, digits: str) -> Topic | None:
        """What an agent means who dials these digits."""
        return next((topic for topic in self.all() if topic.digits == digits), None) if digits else None


@dataclass(frozen=True, slots=True)
class Topics:
    """The trees of all services, by name and by queue."""

    trees: Mapping[str, TopicTree] = field(default_factory=dict)
    by_queue: Mapping[str, TopicTree] = field(default_factory=dict)

    def checked(self, queue: str, code: str) -> str:
        """The code that an agent gave for a contact of `queue`; none, and queues without a tree, are taken as they are.

        Raises UnknownTopic.
        """
        tree = self.by_queue.get(queue)
        return code if tree is None or not code else tree.checked(code)


def topics_of(trees: Iterable[TopicTree]) -> Topics:
    """All trees together; of two that name one queue the first has it."""
    named = {tree.name: tree for tree in trees}
    by_queue: dict[str, TopicTree] = {}
    for tree in named.values():
        for queue in tree.queues:
            by_queue.setdefault(queue, tree)
    return Topics(named, by_queue)
