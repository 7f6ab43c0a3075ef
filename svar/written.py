"""What commands write to files or standard output, and how they refuse."""

import sys
from pathlib import Path

import typer


def write_out(command: str, text: str, target: Path | None) -> None:
    """To a file, whose folder is made, or to standard output. Raises typer.Exit where it cannot be written."""
    if target is None:
        sys.stdout.write(text)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise refusal(command, f"{target}: {error.strerror}") from None
    print(f"wrote {target}", file=sys.stderr)


def refusal(command: str, message: str) -> typer.Exit:
    """Tell it, and end the command with 1."""
    print(f"svar {command}: {message}", file=sys.stderr)
    return typer.Exit(1)
