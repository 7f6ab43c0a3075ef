"""What one caller hears, does and leaves undone, with the times: what scenarios look at, and stories tell."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that the caller heard, from `at_s` on the loop's clock."""

    at_s: float
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Did:
    """Something that the caller did. Kinds: press (`what`: the key), silence (asked in vain), speak, hang_up."""

    at_s: float
    kind: str
    what: str = ""


class Ear:
    """The caller's end of one call. `told` hears of everything at once.

    The ringing tone before the call is taken, music and talk are no silence.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._quiet_since_s: float | None = None
        self._speech_since_s: float | None = None
        self._listened_s = 0.0
        self.heard: list[Heard] = []
        self.did: list[Did] = []
        self.told: Callable[[Heard | Did], None] | None = None
        self.longest_silence_s = 0.0
        self.longest_listened_s = 0.0

    def clip(self, text: str, language: str) -> None:
        """A prompt begins."""
        self.sound()
        heard = Heard(self.clock(), text, language)
        self._speech_since_s = heard.at_s
        self.heard.append(heard)
        if self.told is not None:
            self.told(heard)

    def sound(self) -> None:
        """Music, a talk or a prompt begins."""
        self._speech_ends()
        if self._quiet_since_s is not None:
            self.longest_silence_s = max(self.longest_silence_s, self.clock() - self._quiet_since_s)
            self._quiet_since_s = None

    def quiet(self) -> None:
        """Nothing is heard from now on."""
        self._speech_ends()
        if self._quiet_since_s is None:
            self._quiet_since_s = self.clock()

    def do(self, kind: str, what: str = "") -> None:
        """The caller does something; or nothing, where a key was awaited (`silence`)."""
        did = Did(self.clock(), kind, what)
        if kind == "press":
            self._speech_ends(goes_on=self._speech_since_s is not None)
            self.longest_listened_s = max(self.longest_listened_s, self._listened_s)
            self._listened_s = 0.0
        self.did.append(did)
        if self.told is not None:
            self.told(did)

    def _speech_ends(self, *, goes_on: bool = False) -> None:
        now_s = self.clock()
        if self._speech_since_s is not None:
            self._listened_s += now_s - self._speech_since_s
        self._speech_since_s = now_s if goes_on else None
