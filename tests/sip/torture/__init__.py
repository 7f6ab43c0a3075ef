"""The torture messages of RFC 4475 and RFC 5118, with the answer that the RFCs ask for.

Columns of index.tsv: file; validity (of the message, as the RFC says); answer (what a user agent does: `ok` any
response but 400, 5xx or 6xx, a status, `none`, comma = any of); parser (`parsed`, the status that the parser alone
decides, or `dropped`); reference. The messages are those of the RFCs' appendices; the ones of RFC 5118 with CRLF
line ends.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class TortureMessage:
    name: str
    data: bytes
    validity: str
    answers: tuple[str, ...]
    parser: str
    reference: str


def torture_messages() -> list[TortureMessage]:
    with (_FOLDER / "index.tsv").open(encoding="ascii", newline="") as index:
        return [
            TortureMessage(
                Path(row["file"]).stem,
                (_FOLDER / row["file"]).read_bytes(),
                row["validity"],
                tuple(row["answer"].split(",")),
                row["parser"],
                row["reference"],
            )
            for row in csv.DictReader(index, delimiter="\t")
        ]


def write_corpus_index(folder: Path) -> Path:
    """These messages as a corpus of tests/tools: the path of its index, in `folder`."""
    rows = ["file\tkind\ttransport\tvalidity\texpect\texpect_lenient"]
    for message in torture_messages():
        (folder / f"{message.name}.sip").write_bytes(message.data)
        kind = message.reference.replace(" ", "", 1).partition(" ")[0].lower()
        answers = ",".join(message.answers)
        rows.append("\t".join((f"{message.name}.sip", kind, "any", message.validity, answers, answers)))
    index = folder / "index.tsv"
    index.write_text("\n".join(rows) + "\n")
    return index
