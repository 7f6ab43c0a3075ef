"""The kinds of fields that nodes are made of."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.language.expression import Expression, ExpressionError, parse
from ivr.language.lengths import Length, LengthOrNone, WholeSeconds
from ivr.language.prompting import FORMS, Said, pieces, unknown_forms
from ivr.language.ways import Where

KEYS = "0123456789*#"
MOST_WRITTEN = 320
"""Characters of a text message, before its values are put in."""
_MOST_TEXT = 2_000
_WRITTEN_SLOT = re.compile(r"\{([a-z][a-z0-9_]{0,40})\}")
_TEXT_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}\Z")


class NamedText(Said):
    """A text of the catalogue (`prompts`) that is only named yet; `key` is its name."""


class OneLanguage(Said):
    """A text that is heard in its one language, whoever hears it."""


def _said(given: object) -> Said:
    if isinstance(given, str) and _TEXT_NAME.match(given):
        return NamedText({}, given)
    if not isinstance(given, dict) or not given:
        raise PydanticCustomError("texts", "the text goes by language, {nb: ..., en: ...}, or is a name under prompts")
    for language, text in given.items():
        if not _LANGUAGE.match(language):
            message = "'{language}' is no language; a text with a comma or a colon stands in quotes"
            raise PydanticCustomError("texts", message, {"language": language})
        if not isinstance(text, str) or not text.strip():
            raise PydanticCustomError("texts", "the text in {language} is empty or no text", {"language": language})
        if len(text) > _MOST_TEXT:
            raise PydanticCustomError("texts", "the text in {language} is too long", {"language": language})
        if unknown := unknown_forms(text):
            context = {"form": unknown[0], "forms": ", ".join(FORMS)}
            raise PydanticCustomError("texts", "a value has no form '{form}'; there are {forms}", context)
        if any(brace in part for part in pieces(text) if isinstance(part, str) for brace in "{}"):
            raise PydanticCustomError("texts", "braces hold the name of a value, as in {position}")
    return Said({language: " ".join(text.split()) for language, text in given.items()})


def _expression(given: object) -> Expression:
    if isinstance(given, bool):
        given = "true" if given else "false"
    try:
        return parse(str(given))
    except ExpressionError as error:
        raise PydanticCustomError("expression", "{said}", {"said": str(error), "column": error.column}) from None


def _number(given: object) -> object:
    return str(given) if type(given) is int else given


Texts = Annotated[
    Said,
    Field(description="What is said."),
    PlainValidator(_said),
    WithJsonSchema(
        {
            "description": "What is said, by language; or the name of a text under `prompts`.",
            "oneOf": [
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
                {"type": "string"},
            ],
        }
    ),
]
"""What is said, in every language of the flow."""


def _one_language(given: object) -> Said:
    if not isinstance(given, OneLanguage):
        raise PydanticCustomError("texts", "one text is expected, in the language that it offers")
    said = _said(given.texts)
    return OneLanguage(said.texts)


_ONE_TEXT = {
    "oneOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1, "maxProperties": 1},
    ]
}
SpokenIn = Annotated[Said, PlainValidator(_one_language), WithJsonSchema(_ONE_TEXT)]
"""What is said in one language only."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A text that is read and not heard, by language; `{variable}` stands for its value."""

    texts: Mapping[str, str]

    def names(self) -> frozenset[str]:
        """The variables that it names."""
        return frozenset(name for text in self.texts.values() for name in _WRITTEN_SLOT.findall(text))

    def text(self, language: str, fallback: Mapping[str, str], value: Callable[[str], object]) -> str:
        """The text for who speaks that language, with its values; a missing one is chosen as what is said is."""
        _, text = Said(self.texts, fallback=fallback).text(language)
        return _WRITTEN_SLOT.sub(lambda found: str(value(found[1])), text)


def _written(given: object) -> Written:
    if not isinstance(given, dict) or not given:
        raise PydanticCustomError("written", "the text goes by language, {nb: ..., en: ...}")
    for language, text in given.items():
        if not isinstance(text, str) or not text.strip():
            raise PydanticCustomError("written", "the text in {language} is empty or no text", {"language": language})
        if len(text) > MOST_WRITTEN:
            context = {"language": language, "most": MOST_WRITTEN}
            raise PydanticCustomError("written", "the text in {language} is longer than {most} characters", context)
        if any(brace in _WRITTEN_SLOT.sub("", text) for brace in "{}"):
            raise PydanticCustomError("written", "braces hold the name of a variable, as in {case_number}")
    return Written({language: text.strip() for language, text in given.items()})


WrittenTexts = Annotated[
    Written,
    PlainValidator(_written),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}),
]
"""What is written, in every language of the flow."""

Condition = Annotated[
    Expression, PlainValidator(_expression), WithJsonSchema({"type": ["string", "boolean", "number"]})
]
"""An expression (`ivr.language.expression`)."""

_NUMBER_SCHEMA = WithJsonSchema({"type": ["string", "integer"]})

_A_NUMBER, _A_PLACE = r"^\+?[0-9]{2,15}$", r"^\+?[a-z0-9_-]{1,40}$"
_A_LANGUAGE, _A_NAME, _A_KEY = r"^[a-z]{2,3}$", r"^[a-z][a-z0-9_]{0,40}$", r"^[0-9*#]$"
PATTERNS = {
    _A_NUMBER: "a number is digits without spaces, 5000 or +4722334455",
    _A_PLACE: "a destination is a name in small letters, or digits",
    _A_LANGUAGE: "a language is two or three small letters, such as nb",
    _A_NAME: "a name begins with a small letter a to z, and has these, digits and _, such as call_again",
    _A_KEY: "a key is one of 0 to 9, * and #",
}
"""What patterns of fields mean, for who did not keep to them."""

Number = Annotated[str, BeforeValidator(_number), Field(pattern=_A_NUMBER), _NUMBER_SCHEMA]
"""A telephone number or short number."""

Destination = Annotated[str, BeforeValidator(_number), Field(pattern=_A_PLACE), _NUMBER_SCHEMA]
"""A destination of the dial plan, by name or number; which exist is the deployment's to say."""

Target = Annotated[str, Field(min_length=1, max_length=64, description="The name of another node of this flow.")]
Language = Annotated[str, Field(pattern=_A_LANGUAGE)]
Name = Annotated[str, Field(pattern=_A_NAME)]
Attempts = Annotated[int, Field(ge=1, le=10, description="How often it is tried in all.")]
Key = Annotated[str, Field(pattern=_A_KEY)]
PressedKey = Annotated[Key, BeforeValidator(_number), _NUMBER_SCHEMA]
"""A key as a field's value, where 1 is read as a number."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a flow may name instead of writing it out: texts and blocks of its own file and of those it includes."""

    texts: Mapping[str, Said] = field(default_factory=dict)
    blocks: Mapping[str, "Part"] = field(default_factory=dict)


class Part(BaseModel):
    """A part of a node: frozen, strict, and able to name what it says."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=True)

    def texts(self) -> dict[Where, Said]:
        """What may be said here, by place."""
        found: dict[Where, Said] = {}

        def note(where: Where, said: Said) -> Said:
            found[where] = said
            return said

        self.mapped((), note)
        return found

    def named(self, place: str) -> Self:
        """The same, in which every text knows its place in the flows: `main/menu.say`."""

        def name(where: Where, said: Said) -> Said:
            return said if said.key else said.named(".".join([place, *map(str, where)]))

        return self.mapped((), name)

    def bound(self, shared: Shared) -> Self:
        """The same with texts of the catalogue and shared blocks in place of their names, as far as they exist."""

        def bind(where: Where, said: Said) -> Said:
            return shared.texts.get(said.key, said) if isinstance(said, NamedText) else said

        return self._with_blocks(shared).mapped((), bind)

    def falling_back(self, fallback: Mapping[str, str]) -> Self:
        """The same, in which every text knows the flow's fallback languages."""
        return self.mapped((), lambda _, said: said.falling_back(fallback)) if fallback else self

    def _with_blocks(self, shared: Shared) -> Self:
        return self

    def mapped(self, where: Where, change: Callable[[Where, Said], Said]) -> Self:
        """The same with every text changed; `where` is where this part stands."""
        update: dict[str, object] = {}
        for name, info in type(self).model_fields.items():
            before = getattr(self, name)
            after = _changed(before, (*where, info.alias or name), change)
            if after is not before:
                update[name] = after
        return self.model_copy(update=update) if update else self


def _changed(value: Any, where: Where, change: Callable[[Where, Said], Said]) -> Any:
    if isinstance(value, Said):
        return change(where, value)
    if isinstance(value, Part):
        return value.mapped(where, change)
    if isinstance(value, list | tuple):
        items = [_changed(item, (*where, index), change) for index, item in enumerate(value)]
        return type(value)(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        pairs = {key: _changed(item, (*where, key), change) for key, item in value.items()}
        return pairs if any(pairs[key] is not value[key] for key in pairs) else value
    return value


__all__ = ["KEYS", "Length", "LengthOrNone", "NamedText", "Part", "Shared", "Where", "WholeSeconds"]
