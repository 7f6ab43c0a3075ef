"""What agents are told in a talk, alone."""

from ivr.language.prompting import Said
from ivr.running.talk_words import Ack

LANGUAGE = "nb"

PRESS_ONE = Said(
    {"nb": "Du får en innringer. Tast 1 for å ta samtalen.", "en": "A caller is for you. Press 1 to take the call."},
    key="agent/press_one",
)
"""Said to whoever has to show that they are no machine, or may refuse."""

SAID: dict[Ack, Said] = {
    Ack.HELD: Said({"nb": "Innringeren venter.", "en": "The caller is on hold."}, key="agent/held"),
    Ack.BACK: Said({"nb": "Du har innringeren igjen.", "en": "You have the caller back."}, key="agent/back"),
    Ack.CALLING: Said({"nb": "Vi ringer.", "en": "Calling."}, key="agent/calling"),
    Ack.SENDING: Said({"nb": "Vi setter over.", "en": "Transferring."}, key="agent/sending"),
    Ack.FAILED: Said(
        {"nb": "Ikke svar. Du har innringeren igjen.", "en": "No answer. You have the caller back."}, key="agent/failed"
    ),
    Ack.JOINED: Said({"nb": "Alle tre er med.", "en": "All three are connected."}, key="agent/joined"),
    Ack.THIRD_LEFT: Said(
        {"nb": "Den andre la på. Du har innringeren igjen.", "en": "The other hung up. You have the caller back."},
        key="agent/third_left",
    ),
    Ack.NOT_NOW: Said({"nb": "Det går ikke nå.", "en": "That is not possible now."}, key="agent/not_now"),
    Ack.UNKNOWN: Said({"nb": "Det nummeret finnes ikke.", "en": "There is no such number."}, key="agent/unknown"),
}
