"""The kinds of fields that nodes are made of."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.expression import Expression, ExpressionError, parse
from ivr.prompting import Said, pieces

Where = tuple[str | int, ...]
"""A place in a node: field names and indices."""

KEYS = "0123456789*#"
_MOST_TEXT = 2_000


def _said(given: object) -> Said:
    if not isinstance(given, dict) or not given:
        raise PydanticCustomError("texts", "the text goes by language: {nb: ..., en: ...}")
    for language, text in given.items():
        if not isinstance(text, str) or not text.strip():
            raise PydanticCustomError("texts", "the text in {language} is empty or no text", {"language": language})
        if len(text) > _MOST_TEXT:
            raise PydanticCustomError("texts", "the text in {language} is too long", {"language": language})
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
    PlainValidator(_said),
    WithJsonSchema(
        {
            "type": "object",
            "description": "What is said, by language.",
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
        }
    ),
]
"""What is said, in every language of the flow."""

Condition = Annotated[
    Expression, PlainValidator(_expression), WithJsonSchema({"type": ["string", "boolean", "number"]})
]
"""An expression (`ivr.expression`)."""

_NUMBER_SCHEMA = WithJsonSchema({"type": ["string", "integer"]})

Number = Annotated[str, BeforeValidator(_number), Field(pattern=r"^\+?[0-9]{2,15}$"), _NUMBER_SCHEMA]
"""A telephone number or short number."""

Destination = Annotated[str, BeforeValidator(_number), Field(pattern=r"^\+?[a-z0-9_-]{1,40}$"), _NUMBER_SCHEMA]
"""A destination of the dial plan, by name or number; which exist is the deployment's to say."""

Target = Annotated[str, Field(min_length=1, max_length=64, description="The name of another node of this flow.")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Attempts = Annotated[int, Field(ge=1, le=10)]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]


class Part(BaseModel):
    """A part of a node: frozen, strict, and able to name what it says."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=True)

    def texts(self) -> dict[Where, Said]:
        """What may be said here, by field."""
        found: dict[Where, Said] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Said):
                found[(name,)] = value
            elif isinstance(value, Part):
                found.update({(name, *where): said for where, said in value.texts().items()})
        return found

    def named(self, place: str) -> Self:
        """The same, in which every text knows its place in the flows: `main/menu.say`."""
        update: dict[str, Said | Part] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Said | Part):
                update[name] = value.named(f"{place}.{name}")
        return self.model_copy(update=update)
