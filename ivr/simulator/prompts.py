"""Prompts as words alone, with the time that saying them takes."""

from collections.abc import Iterable
from pathlib import Path

from ivr.language.prompting import CHARACTERS_PER_S, Said
from ivr.ports.call import Clip
from ivr.prompts.inventory import is_recorded, spoken_in
from ivr.prompts.phrases import sentence
from ivr.prompts.recordings import Listing, Recordings


class WrittenPrompts:
    """The Prompts port without sound: the same words as the spoken ones, values spelled out.

    With a `listing` of the recordings a caller hears the language that a real one would, and nothing where a real one
    would hear nothing; without it every language has a voice.
    """

    def __init__(self, listing: Listing | None = None) -> None:
        self._listing = listing

    def prepare(self, said: Iterable[Said]) -> None:
        pass

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        spoken, text = said.text(language)
        synthetic = False
        if self._listing is not None:
            heard = spoken_in(said, language, self._listing)
            if heard is None:
                return ()
            spoken, text = heard, said.texts[heard]
            synthetic = not is_recorded(said, heard, self._listing)
        words = sentence(spoken, text, said.values).text
        return (Clip("", len(words) / CHARACTERS_PER_S, words, spoken, synthetic),)

    def music(self, name: str) -> tuple[Clip, ...]:
        return (Clip("", 30.0, f"music {name}", ""),)


def prompts_of(folder: Path) -> WrittenPrompts:
    """Those of a folder of flows, whose recordings stand in prompts/. Raises FlowFileError."""
    return WrittenPrompts(Listing.of(Recordings(folder / "prompts")))
