"""Prompts as words alone, with the time that saying them takes."""

from collections.abc import Iterable

from ivr.call import Clip
from ivr.prompting import Said
from ivr.prompts.phrases import sentence

CHARACTERS_PER_S = 14.0
"""About how fast the recordings speak."""


class WrittenPrompts:
    """The Prompts port without sound: the same words as the spoken ones, values spelled out."""

    def prepare(self, said: Iterable[Said]) -> None:
        pass

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        spoken, text = said.text(language)
        words = sentence(spoken, text, said.values).text
        return (Clip("", len(words) / CHARACTERS_PER_S, words, spoken),)

    def music(self, name: str) -> tuple[Clip, ...]:
        return (Clip("", 30.0, f"music {name}", ""),)
