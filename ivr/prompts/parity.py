"""The parity gate: no flow goes live with a language that it declares and cannot speak."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ivr.files.flow import Flow
from ivr.files.load import Folder, LoadedCrisis, LoadedFlow
from ivr.language.problems import Problem
from ivr.language.prompting import Said
from ivr.language.ways import Where
from ivr.prompts.inventory import falls_to, lacking
from ivr.prompts.recordings import Listing

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Unspeakable:
    """A text that callers of `language` would not hear, for want of the recordings `lacking`."""

    flow: str
    key: str
    language: str
    lacking: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.lacking) - _MOST_NAMED
        named = ", ".join(f"{self.language}/{key}.wav" for key in self.lacking[:_MOST_NAMED])
        return (
            f"callers who chose {self.language!r} would hear nothing here: there is no voice for it, and no recording "
            f"{named}{f' and {more} more' if more > 0 else ''}; "
            f"record it (svar prompts script), or declare a fallback, as in `fallback: {{{self.language}: nb}}`"
        )


def unspeakable(flows: Iterable[Flow], listing: Listing) -> list[Unspeakable]:
    """Everything that the flows say in a language of theirs and that nobody would hear."""
    return [each for flow in flows for each in _lacking(flow, flow.said(), listing)]


def _lacking(flow: Flow, texts: Iterable[Said], listing: Listing) -> Iterator[Unspeakable]:
    for said in texts:
        for language in flow.languages:
            missing = lacking(said, language, listing) if language in said.texts else []
            if missing and falls_to(said, language, listing) is None:
                yield Unspeakable(flow.flow, said.key, language, tuple(missing))


def parity_problems(folder: Folder, listing: Listing) -> list[Problem]:
    """The same of a folder's flows and crises as mistakes, each where the text stands, or what names it."""
    flows = [problem for loaded in folder.flows for problem in _of_flow(loaded, listing)]
    heard = [loaded.flow for loaded in folder.flows]
    return flows + [problem for crisis in folder.crises.values() for problem in _of_crisis(crisis, heard, listing)]


def _of_flow(loaded: LoadedFlow, listing: Listing) -> Iterable[Problem]:
    places = {
        said.key: (name, where) for name, node in loaded.flow.nodes.items() for where, said in node.texts().items()
    }
    for each in unspeakable([loaded.flow], listing):
        name, where = places.get(each.key, ("", ()))
        line, column = loaded.marked.place(("nodes", name, *where, each.language), key=True)
        subject = f"{loaded.flow.nodes[name].type} {name!r}: " if name else ""
        yield Problem(loaded.marked.path, line, column, f"{subject}{each}")


def _of_crisis(loaded: LoadedCrisis, flows: Sequence[Flow], listing: Listing) -> Iterable[Problem]:
    crisis, marked = loaded.file.made(), loaded.marked
    places: dict[str, Where] = {each.say.key: ("deflect", at, "say") for at, each in enumerate(crisis.deflect)}
    places[crisis.message.key] = ("message",)
    told: set[tuple[str, str]] = set()
    for flow in (flow for flow in flows if crisis.is_heard_in([flow.flow])):
        for each in _lacking(flow, [said.falling_back(flow.fallback) for said in crisis.said()], listing):
            if (each.key, each.language) not in told:
                told.add((each.key, each.language))
                line, column = marked.place((*places[each.key], each.language), key=True)
                yield Problem(marked.path, line, column, f"crisis {crisis.name!r}: {each}")
