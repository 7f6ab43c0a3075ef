"""The file of a service's topics: codes in a tree, from which agents choose at the end of wrap-up."""

from typing import Annotated

from pydantic import Field

from ivr.language.schema import Language, Name, Part, PressedKey
from ivr.language.topics import Topic, TopicTree

Title = Annotated[str, Field(min_length=1, max_length=120)]
Titles = Annotated[dict[Language, Title], Field(min_length=1)]


class TopicRow(Part):
    """A topic: `{code: old_age, key: 1, title: {nb: Alderspensjon, en: Old-age pension}}`."""

    code: Name = Field(description="As records and figures have it; once in a tree. It should not change.")
    title: Titles = Field(description="Its name for people, by language.")
    key: PressedKey | None = Field(
        default=None, description="The key that says it on a phone, after the keys of the topics above it."
    )
    below: list["TopicRow"] = Field(default_factory=list, max_length=50, description="Finer topics.")

    def made(self, above: str | None) -> Topic:
        """`above`: the digits of the topic that this one is below; None where those have none."""
        digits = above + self.key if above is not None and self.key is not None else None
        return Topic(self.code, self.title, digits or "", tuple(row.made(digits) for row in self.below))


class TopicsFile(Part):
    """`topics/NAME.yaml`: what contacts of a service are about, as agents tell it at the end of wrap-up.

    ```yaml
    topics: pension
    title: {nb: Pensjon, en: Pension}
    queues: [pension]
    tree:
      - code: old_age
        key: 1
        title: {nb: Alderspensjon, en: Old-age pension}
        below:
          - {code: old_age_apply, key: 1, title: {nb: Søknad, en: Application}}
          - {code: old_age_payment, key: 2, title: {nb: Utbetaling, en: Payment}}
      - {code: other, key: 9, title: {nb: Annet, en: Something else}}
    ```
    """

    topics: Name = Field(description="Its name.")
    title: Titles = Field(description="The service's name for people, by language.")
    queues: list[Name] = Field(min_length=1, max_length=100, description="The queues whose contacts it is for.")
    tree: list[TopicRow] = Field(min_length=1, max_length=50, description="The topics.")

    def made(self) -> TopicTree:
        """The tree that the file describes."""
        return TopicTree(self.topics, self.title, tuple(self.queues), tuple(row.made("") for row in self.tree))
