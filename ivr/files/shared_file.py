"""The file of what flows share: texts by name, and blocks of what happens while callers wait."""

from pydantic import BaseModel, ConfigDict, Field

from ivr.files.flow import shared_by
from ivr.language.schema import Name, Shared, Texts
from ivr.running.announcing import Waiting


class SharedFile(BaseModel):
    """`shared/NAME.yaml`. Flows with `include: [NAME]` may use its texts and blocks; it includes nothing itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    shared: Name = Field(description="Its name, as flows include it.")
    prompts: dict[Name, Texts] = Field(default_factory=dict, max_length=500, description="Texts by name.")
    waiting: dict[Name, Waiting] = Field(default_factory=dict, max_length=50, description="Blocks by name.")

    def made(self) -> Shared:
        """What it shares; a text's place, for its recording, is `NAME/prompts.text`."""
        return shared_by(f"{self.shared}/prompts", f"{self.shared}/waiting", self.prompts, self.waiting)
