"""A flow: the file of one service, as data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.nodes import AnyNode
from ivr.prompting import Said
from ivr.run import Scalar
from ivr.schema import Name, Number, Target


def _scalar(given: object) -> Scalar:
    if not isinstance(given, str | int | float):
        raise PydanticCustomError("scalar", "the first value is text, a number, true or false")
    return given


FirstValue = Annotated[
    Scalar, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "integer", "number", "boolean"]})
]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class Flow(BaseModel):
    """One service: the numbers that reach it, its languages (the first is spoken first), and its nodes.

    `variables` gives each variable its first value, and with it its type; the deployment's settings of the same name
    replace it. With `answer: late`, what is said before the first menu, digits, queue or transfer is heard without the
    call being answered, so that it costs the caller nothing (most networks allow three minutes of it). `version` is a
    hash of the file's content, given by the loader.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    built_in: ClassVar[dict[str, type]] = {"number": str, "language": str, "diverted_from": str}

    flow: Name
    title: str = Field(min_length=1, max_length=200)
    numbers: list[Number] = Field(default_factory=list, max_length=50)
    languages: list[Language] = Field(min_length=1, max_length=10)
    variables: dict[Name, FirstValue] = Field(default_factory=dict)
    answer: Literal["at_once", "late"] = "at_once"
    start: Target
    nodes: dict[Name, AnyNode] = Field(min_length=1, max_length=500)

    _version: str = ""

    @property
    def version(self) -> str:
        return self._version

    def identify(self, version: str) -> None:
        """Give the flow its version; once, by the loader."""
        self._version = version

    def said(self) -> list[Said]:
        """Everything that may be said, for `Prompts.prepare`."""
        return [said for node in self.nodes.values() for said in node.texts().values()]

    def first_variables(
        self, number: str, settings: Mapping[str, Scalar], diverted_from: str = ""
    ) -> dict[str, Scalar]:
        """The variables of a caller who begins: those declared, with the deployment's values where types agree."""
        values: dict[str, Scalar] = dict(self.variables)
        for name, value in settings.items():
            if name in values and type(value) is type(values[name]):
                values[name] = value
        values["number"] = number
        values["diverted_from"] = diverted_from
        values["language"] = self.languages[0]
        return values

    def types(self) -> dict[str, type]:
        """The type of every variable that an expression may name, those set by nodes included."""
        found = {**{name: type(value) for name, value in self.variables.items()}, **self.built_in}
        for node in self.nodes.values():
            for name, expression in node.assigns().items():
                if expression is None:
                    found.setdefault(name, str)
        return found
