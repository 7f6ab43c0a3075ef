"""The files of routing: any of the lists of queues, sites, agents and partners."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.files.routing_rows import MOST_AGENTS, AgentRow, PartnerRow, QueueRow, SiteRow
from ivr.files.validation import ROWS, validated
from ivr.language.routing import Routing
from ivr.language.schema import Part


class RoutingFile(Part):
    """Any of the lists `queues:`, `sites:`, `agents:` and `partners:`."""

    queues: list[QueueRow] = Field(default_factory=list, max_length=500, description="The queues.")
    sites: list[SiteRow] = Field(default_factory=list, max_length=200, description="The contact centres.")
    agents: list[AgentRow] = Field(default_factory=list, max_length=5000, description="The agents.")
    partners: list[PartnerRow] = Field(default_factory=list, max_length=100, description="The sites outside.")

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "the file has none of the lists queues, sites, agents, partners")
        return self


R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Placed(Generic[R]):
    """A row, and where it stands in its file."""

    row: R
    where: Where
    marked: Marked


@dataclass(slots=True)
class RoutingFiles:
    """The rows of all files that are right by themselves; `broken` has the names of the others, by list.

    `is_partial`: there are rows of which not even the names are known, so that nothing can be said to be missing.
    """

    queues: list[Placed[QueueRow]] = field(default_factory=list)
    sites: list[Placed[SiteRow]] = field(default_factory=list)
    agents: list[Placed[AgentRow]] = field(default_factory=list)
    partners: list[Placed[PartnerRow]] = field(default_factory=list)
    broken: dict[str, set[str]] = field(default_factory=dict)
    marks: list[Marked] = field(default_factory=list)
    is_partial: bool = False

    def add(self, marked: Marked) -> None:
        """Take what a file holds; its mistakes are noted in it."""
        self.marks.append(marked)
        known = isinstance(marked.data, dict) and marked.data.keys() <= RoutingFile.model_fields.keys()
        self.is_partial |= bool(marked.problems) or not known
        file = validated(RoutingFile, marked)
        if file is None:
            self._sketch(marked)
            return
        self.queues += [Placed(row, ("queues", at), marked) for at, row in enumerate(file.queues)]
        self.sites += [Placed(row, ("sites", at), marked) for at, row in enumerate(file.sites)]
        self.agents += [Placed(row, ("agents", at), marked) for at, row in enumerate(file.agents)]
        self.partners += [Placed(row, ("partners", at), marked) for at, row in enumerate(file.partners)]

    def _sketch(self, marked: Marked) -> None:
        """Of a file with mistakes the rows that have none."""
        self.broken.setdefault("queues", set())
        self._some(marked, "queues", QueueRow, self.queues)
        self._some(marked, "sites", SiteRow, self.sites)
        self._some(marked, "agents", AgentRow, self.agents)
        self._some(marked, "partners", PartnerRow, self.partners)

    def _some(self, marked: Marked, name: str, model: type[R], rows: list[Placed[R]]) -> None:
        given = marked.data.get(name) if isinstance(marked.data, dict) else None
        self.is_partial |= given is not None and not isinstance(given, list)
        for at, data in enumerate(given if isinstance(given, list) else []):
            try:
                rows.append(Placed(model.model_validate(data), (name, at), marked))
            except ValidationError:
                called = data.get("name") if isinstance(data, dict) else None
                self.is_partial |= not isinstance(called, str)
                self.broken.setdefault(name, set()).add(called if isinstance(called, str) else "")

    def names(self, kind: str) -> set[str]:
        """Those of the rows of a list, also of rows with mistakes; of agents one by one, as many as there may be."""
        found = {
            "queues": (placed.row.name for placed in self.queues),
            "sites": (placed.row.name for placed in self.sites),
            "partners": (placed.row.name for placed in self.partners),
            "agents": islice((name for placed in self.agents for name in placed.row.names()), MOST_AGENTS),
        }[kind]
        return {*found, *self.broken.get(kind, ())}

    def made(self) -> Routing:
        """The routing that the files describe."""
        agents = [agent for placed in self.agents for agent in placed.row.made()]
        return Routing(
            {placed.row.name: placed.row.made() for placed in self.queues},
            {placed.row.name: placed.row.made() for placed in self.sites},
            {agent.spec.agent: agent for agent in agents},
            {placed.row.name: placed.row.made() for placed in self.partners},
        )


def is_routing(name: str, data: object) -> bool:
    """Whether a file beside the flows is one of routing: by its name, unless it says that it is a flow."""
    return name.removesuffix(".yaml") in ROWS and not (isinstance(data, dict) and "flow" in data)
