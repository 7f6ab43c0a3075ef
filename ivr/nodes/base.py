"""What every node of a flow is: its schema (a frozen pydantic model), where it leads, and how it runs."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.expression import Expression, ExpressionError, parse
from ivr.prompting import Said, pieces
from ivr.run import Run

Where = tuple[str | int, ...]

KEYS = "0123456789*#"
_MOST_TEXT = 2_000


def _said(given: object) -> Said:
    if not isinstance(given, dict) or not given:
        raise PydanticCustomError("texts", "the text goes by language: {{nb: ..., en: ...}}")
    for language, text in given.items():
        if not isinstance(text, str) or not text.strip():
            raise PydanticCustomError("texts", "the text in {language} is empty or no text", {"language": language})
        if len(text) > _MOST_TEXT:
            raise PydanticCustomError("texts", "the text in {language} is too long", {"language": language})
        if any(brace in part for part in pieces(text) if isinstance(part, str) for brace in "{}"):
            raise PydanticCustomError("texts", "braces hold the name of a value, as in {{position}}")
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

Number = Annotated[str, BeforeValidator(_number), Field(pattern=r"^\+?[0-9]{2,15}$")]
"""A telephone number or short number."""

Target = Annotated[str, Field(min_length=1, max_length=64, description="The name of another node of this flow.")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Attempts = Annotated[int, Field(ge=1, le=10)]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]


class Node(BaseModel):
    """One step of a flow. `slots` are the values that its texts may name besides the flow's variables."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=True)

    slots: ClassVar[frozenset[str]] = frozenset()

    note: str = Field(default="", description="For those who read the flow; never spoken.")

    def targets(self) -> dict[Where, str]:
        """Where a caller may go from here: the node's name by the place in this node that says so."""
        return {}

    def silent_targets(self) -> list[str]:
        """Where a caller who presses nothing may go at once, without waiting in a queue."""
        return list(self.targets().values())

    def assigns(self) -> dict[str, Expression | None]:
        """The variables that this node sets; None is text that the caller pressed."""
        return {}

    def conditions(self) -> dict[Where, Expression]:
        """Expressions that have to give true or false, by place."""
        return {}

    async def run(self, run: Run) -> str | None:
        """Do it. Gives the next node's name, or None where the flow ends."""
        raise NotImplementedError

    def texts(self) -> dict[str, Said]:
        """What may be said here, by field."""
        found: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in found.items() if isinstance(value, Said)}
