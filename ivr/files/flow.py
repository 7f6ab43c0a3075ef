"""A flow: the file of one service, as data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.language.prompting import Said
from ivr.language.schema import Language, Name, Number, Shared, Target, Texts
from ivr.nodes import AnyNode
from ivr.running.announcing import Waiting
from ivr.running.run import Scalar

MOST_TEXT = 200
MOST_VARIABLES = 200


def _scalar(given: object) -> Scalar:
    if not isinstance(given, str | int | float):
        raise PydanticCustomError("scalar", "the first value is text, a number, true or false")
    if isinstance(given, str) and len(given) > MOST_TEXT:
        raise PydanticCustomError("scalar", "the first value is text of at most {most} characters", {"most": MOST_TEXT})
    return given


FirstValue = Annotated[
    Scalar, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "integer", "number", "boolean"]})
]


class Heading(BaseModel):
    """Who a flow is: its names, the numbers that reach it, its languages (the first is spoken first)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    flow: Name = Field(description="Its name, for other flows, records and metrics.")
    title: str = Field(min_length=1, max_length=200, description="Its name for people.")
    numbers: list[Number] = Field(default_factory=list, max_length=50, description="The numbers that reach it.")
    languages: list[Language] = Field(min_length=1, max_length=10, description="The first is spoken first.")
    fallback: dict[Language, Language] = Field(
        default_factory=dict, description="The language that is heard where one has neither recording nor voice."
    )
    answer: Literal["at_once", "late"] = Field(
        default="at_once",
        description="`late`: what is said before the first key, queue or transfer is heard without the call being "
        "answered, so that it costs the caller nothing (most networks allow three minutes of it).",
    )


class Flow(Heading):
    """One service: its heading, and its nodes.

    `version` is a hash of the file's content and of what it includes, given by the loader.
    """

    built_in: ClassVar[dict[str, type]] = {"number": str, "language": str, "diverted_from": str, "crisis": str}

    include: list[Name] = Field(default_factory=list, max_length=20, description="Files under shared/, by name.")
    parameters: dict[Name, FirstValue] = Field(
        default_factory=dict,
        max_length=MOST_VARIABLES,
        description="What a flow that calls this one may give, with the value if it does not.",
    )
    variables: dict[Name, FirstValue] = Field(
        default_factory=dict,
        max_length=MOST_VARIABLES,
        description="First values, which give the types; the deployment's settings of the same name replace them.",
    )
    prompts: dict[Name, Texts] = Field(
        default_factory=dict,
        max_length=500,
        description="Texts by name, for nodes that say the same: `say: name`.",
    )
    waiting: dict[Name, Waiting] = Field(
        default_factory=dict,
        max_length=50,
        description="What happens while callers wait, by name, for queues that share it.",
    )
    start: Target = Field(description="The node where callers begin.")
    nodes: dict[Name, AnyNode] = Field(min_length=1, max_length=500, description="Its nodes, by name.")

    _version: str = ""
    _unset: dict[str, Scalar] | None = None

    @property
    def version(self) -> str:
        return self._version

    def identify(self, version: str) -> None:
        """Give the flow its version; once, by the loader."""
        self._version = version

    def own(self) -> Shared:
        """The texts and blocks that the file itself names."""
        return shared_by(f"{self.flow}/prompts", f"{self.flow}/waiting", self.prompts, self.waiting)

    def said(self) -> list[Said]:
        """Everything that may be said, for `Prompts.prepare`."""
        return [said for node in self.nodes.values() for said in node.texts().values()]

    def first_variables(
        self, number: str, settings: Mapping[str, Scalar], diverted_from: str = ""
    ) -> dict[str, Scalar]:
        """The variables of a caller who begins: those declared, with the deployment's values where types agree."""
        values: dict[str, Scalar] = {**self.parameters, **self.variables}
        for name, value in settings.items():
            if name in values and type(value) is type(values[name]):
                values[name] = value
        values["number"] = number
        values["diverted_from"] = diverted_from
        values["language"] = self.languages[0]
        return values

    def types(self) -> dict[str, type]:
        """The type of every variable that an expression may name, those that nodes give included."""
        declared = {**self.parameters, **self.variables}
        found = {**{name: type(value) for name, value in declared.items()}, **self.built_in}
        for node in self.nodes.values():
            for name, kind in node.gives().items():
                found.setdefault(name, kind)
        return found

    def unset(self, name: str) -> Scalar:
        """The value of a variable that nothing has set yet: empty text, 0 or false."""
        if self._unset is None:
            self._unset = {name: kind() for name, kind in self.types().items()}
        return self._unset.get(name, "")


def shared_by(texts_at: str, blocks_at: str, prompts: Mapping[str, Said], waiting: Mapping[str, Waiting]) -> Shared:
    """What a file shares, its texts named by their places; blocks may name the file's own texts."""
    texts = {name: said.named(f"{texts_at}.{name}") for name, said in prompts.items()}
    own = Shared(texts)
    return Shared(texts, {name: block.bound(own).named(f"{blocks_at}.{name}") for name, block in waiting.items()})
