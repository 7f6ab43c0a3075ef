"""svar docs: write the generated pages anew."""

from pathlib import Path

from svar.pages import pages

ROOT = Path(__file__).parent.parent.parent


def docs() -> None:
    """Write the pages of docs/ that come from the code."""
    for name, text in pages().items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")
