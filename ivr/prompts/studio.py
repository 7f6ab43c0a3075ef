"""The studio script: what a speaker reads, numbered, with what is needed to read it right."""

import csv
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ivr.language.prompting import Slot, pieces
from ivr.prompts.inventory import VALUES, Entry, State
from ivr.prompts.phrases import example, sentences
from ivr.prompts.spoken import forms

COLUMNS = ("number", "language", "section", "keys", "text", "context", "note")

_NAMING = "Name each recording by its number: 1.wav, 2.wav and so on."
_KINDS = {
    "number": "a number",
    "ordinal": "a place in a row",
    "duration": "a length of time",
    "interval": "a waiting time between two",
    "date": "a date",
    "time": "a time of day",
    "digits": "digits",
}
_VALUES = {
    "number": "the number {}",
    "ordinal": "number {} in a row",
    "digit": "the digit {}, in a row of digits",
    "weekday": "day {} of the week, in a date",
    "day": "day {} of a month, in a date",
    "month": "month {}, in a date",
    "hour": "the hour {}, in a time of day",
    "minute": "{} minutes, after the hour in a time of day",
    "wait": "about {}, of a waiting time",
}
_ODD_VALUES = {
    "number/hundred": "in a number such as 230",
    "number/thousand": "in a number such as 2300",
    "number/and": "in a number such as 101",
    "hour/am": "after a time before noon",
    "hour/pm": "after a time from noon on",
    "wait/under-1m": "less than one minute, of a waiting time",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to read. It is the recording of all its `keys`; `context` is a sentence that it may stand in."""

    number: int
    language: str
    section: str
    keys: tuple[str, ...]
    text: str
    context: str
    note: str


def script(entries: Iterable[Entry]) -> list[Line]:
    """The lines to read for `entries`, language by language; what is read in the same way is read once."""
    first: dict[tuple[str, ...], Entry] = {}
    keys: dict[tuple[str, ...], list[str]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.language, entry.section == VALUES)):
        read = (entry.language, entry.text, *_context(entry))
        first.setdefault(read, entry)
        keys.setdefault(read, []).append(entry.key)
    return [
        Line(number, entry.language, entry.section, tuple(keys[read]), entry.text, read[2], _with_old(entry, read[3]))
        for number, (read, entry) in enumerate(first.items(), start=1)
    ]


def _with_old(entry: Entry, note: str) -> str:
    old = f"was recorded as: {entry.recorded_as}" if entry.state is State.STALE else ""
    return "; ".join(part for part in (note, old) if part)


def _context(entry: Entry) -> tuple[str, str]:
    """A sentence in which the piece is heard, and what to mind in reading it."""
    if entry.section == VALUES:
        return "", _meaning(entry.key.removeprefix(f"{VALUES}/"))
    if entry.text == entry.whole.strip():
        return "", ""
    wanted, at = int(entry.key.rpartition(".")[2]), 0
    for each in sentences(entry.whole):
        parts = pieces(each)
        at += len(parts)
        if wanted <= at:
            here = wanted - at + len(parts) - 1
            return example(entry.language, each), _neighbours(parts, here)
    return "", ""


def _neighbours(parts: Sequence[str | Slot], here: int) -> str:
    before = parts[here - 1] if here else ""
    after = parts[here + 1] if here + 1 < len(parts) else ""
    notes = ["read alone, as it sounds in the sentence"]
    if isinstance(before, Slot):
        notes.append(f"{_KINDS[forms(before)[-1]]} stands before it")
    if isinstance(after, Slot) and any(sign.isalnum() for sign in "".join(map(_letters, parts[here + 2 :]))):
        notes.append(f"{_KINDS[forms(after)[-1]]} follows and the sentence goes on")
    elif isinstance(after, Slot):
        notes.append(f"{_KINDS[forms(after)[-1]]} follows and ends the sentence")
    return ", ".join(notes)


def _letters(part: str | Slot) -> str:
    return part if isinstance(part, str) else part.name


def _meaning(name: str) -> str:
    if name in _ODD_VALUES:
        return _ODD_VALUES[name]
    kind, _, what = name.partition("/")
    if kind == "number" and what.endswith("-neuter"):
        return f"the number {what.removesuffix('-neuter')} before a word that is neuter"
    if kind == "wait":
        over, length = "over-" in what, what.removeprefix("over-")
        unit = ("hour" if length.endswith("h") else "minute") + ("" if length[:-1] == "1" else "s")
        return f"{'more than' if over else 'about'} {length[:-1]} {unit}, of a waiting time"
    if kind == "interval":
        return f"{what.removesuffix('m').replace('-', ' ')} minutes, of a waiting time"
    if kind == "hour" and what.endswith("-and"):
        return f"the hour {what.removesuffix('-and')}, minutes follow"
    return _VALUES[kind].format(what)


def as_text(lines: Sequence[Line], title: str) -> str:
    """For a terminal or an editor."""
    out = [
        title,
        "=" * len(title),
        f"{len(lines)} lines. Name each recording by its number: 1.wav, 2.wav and so on.",
        "",
    ]
    section = ("", "")
    for line in lines:
        if (line.language, line.section) != section:
            section = (line.language, line.section)
            heading = f"{line.language}: {line.section}"
            out += ["", heading, "-" * len(heading), ""]
        out.append(f"{line.number:>4}  {line.text}")
        out += [f"      in: {line.context}"] if line.context else []
        out += [f"      ({line.note})"] if line.note else []
        out += [f"      used in {len(line.keys)} places"] if len(line.keys) > 1 else []
        out.append("")
    return "\n".join(out)


def as_csv(lines: Iterable[Line]) -> str:
    """The table that `svar prompts import` reads again to know what each number is."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for line in lines:
        keys = " ".join(line.keys)
        table.writerow((line.number, line.language, line.section, keys, line.text, line.context, line.note))
    return out.getvalue()


def from_csv(text: str) -> list[Line]:
    """The lines of a table that `as_csv` wrote. Raises ValueError that says which line is none."""
    text = text.removeprefix("\ufeff")
    # Spreadsheets write semicolons where a comma is the decimal sign.
    delimiter = ";" if text.startswith(f"{COLUMNS[0]};") else ","
    table = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if table.fieldnames is None or not set(COLUMNS) <= set(table.fieldnames):
        raise ValueError(f"expected a script as CSV, with the columns {', '.join(COLUMNS)}")
    lines = []
    for row in table:
        try:
            keys = tuple(row["keys"].split())
            rest = (row["language"], row["section"], keys, row["text"], row["context"] or "", row["note"] or "")
            lines.append(Line(int(row["number"]), *rest))
        except (TypeError, ValueError, AttributeError):
            raise ValueError(f"line {table.line_num} is none of a script: {row}") from None
    return lines


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 11pt sans-serif; margin: 2em auto; max-width: 60em; }}
table {{ border-collapse: collapse; width: 100%; }}
h2 {{ border-bottom: 2px solid #222; margin: 2em 0 0.5em; }}
tr {{ break-inside: avoid; }} td {{ vertical-align: top; padding: 0.5em 0.6em; border-bottom: 1px solid #ccc; }}
.number {{ text-align: right; font-weight: bold; min-width: 2.5em; line-height: 18pt; }}
.read {{ font-size: 16pt; width: 100%; }}
.note {{ font-size: 10pt; color: #444; }}
</style>
<h1>{title}</h1>
<p>{count} lines. {naming}</p>
"""


def as_html(lines: Sequence[Line], title: str) -> str:
    """To be printed, or read from a tablet in the studio."""
    out = [_PAGE.format(title=html.escape(title), count=len(lines), naming=_NAMING)]
    section = ("", "")
    for line in lines:
        if (line.language, line.section) != section:
            out.append("</table>\n" if section != ("", "") else "")
            section = (line.language, line.section)
            out.append(f"<h2>{html.escape(f'{line.language}: {line.section}')}</h2>\n<table>\n")
        told = [f"in: {line.context}"] * bool(line.context) + [line.note] * bool(line.note)
        told += [f"used in {len(line.keys)} places"] if len(line.keys) > 1 else []
        notes = "".join(f'<div class="note">{html.escape(each)}</div>' for each in told)
        text = f'<span lang="{html.escape(line.language)}">{html.escape(line.text)}</span>'
        out.append(f'<tr><td class="number">{line.number}<td class="read">{text}{notes}\n')
    return "".join([*out, "</table>\n</html>\n"])
