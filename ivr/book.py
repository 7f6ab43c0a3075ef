"""The flows in service: those of a folder in which nothing is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from ivr.checks.flows import NO_DEPLOYMENT, Deployment, check_flows
from ivr.files.flow import Flow
from ivr.files.load import read_folder
from ivr.language.calendar import Calendar
from ivr.language.crises import Crisis
from ivr.language.problems import FlowFileError, errors
from ivr.language.prompting import Said
from ivr.language.roster import Roster
from ivr.language.routing import NO_ROUTING, Routing
from ivr.language.topics import Topics, topics_of


@dataclass(frozen=True, slots=True)
class FlowBook:
    """One version of all flows, by the number that reaches them and by name, their calendars and crises.

    A contact stays with the book that it began with. `version` is a hash of the content.
    """

    version: str
    by_number: Mapping[str, Flow]
    by_name: Mapping[str, Flow]
    calendars: Mapping[str, Calendar]
    crises: Mapping[str, Crisis] = field(default_factory=dict)
    rosters: Mapping[str, Roster] = field(default_factory=dict)
    topics: Topics = field(default_factory=Topics)
    routing: Routing = NO_ROUTING

    def said(self) -> list[Said]:
        """Everything that may be said, for `Prompts.prepare`."""
        flows = [said for flow in self.by_name.values() for said in flow.said()]
        return flows + [said for crisis in self.crises.values() for said in crisis.said()]


EMPTY = FlowBook("", {}, {}, {})


def book_of(
    *flows: Flow,
    calendars: Mapping[str, Calendar] = MappingProxyType({}),
    crises: Mapping[str, Crisis] = MappingProxyType({}),
    rosters: Mapping[str, Roster] = MappingProxyType({}),
    version: str = "",
) -> FlowBook:
    """A book of these flows."""
    by_number = {number: flow for flow in flows for number in flow.numbers}
    by_name = {flow.flow: flow for flow in flows}
    return FlowBook(version or flows[0].version, by_number, by_name, calendars, crises, rosters)


def load_book(path: Path, deployment: Deployment = NO_DEPLOYMENT) -> FlowBook:
    """The flows of a folder. Raises FlowFileError with every mistake that `ivr.checks.flows.check_folder` finds."""
    folder = read_folder(path)
    problems = errors(folder.problems + check_flows(folder, deployment))
    if problems:
        raise FlowFileError(problems)
    crises = {name: loaded.file.made() for name, loaded in folder.crises.items()}
    flows = [loaded.flow for loaded in folder.flows]
    rosters = {name: loaded.file.made() for name, loaded in folder.rosters.items()}
    book = book_of(*flows, calendars=folder.calendars, crises=crises, rosters=rosters, version=folder.version)
    topics = topics_of(loaded.file.made() for loaded in folder.topics.values())
    return replace(book, topics=topics, routing=folder.routing.made())
