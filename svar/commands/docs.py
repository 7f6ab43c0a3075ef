"""svar docs: write the generated pages anew."""

from pathlib import Path

from svar.pages import pages

ROOT = Path(__file__).parent.parent.parent


def docs() -> None:
    """Write the pages of docs/ and the dashboards of deploy/grafana, which come from the code."""
    from svar.dashboards.files import files  # its library is there for development only

    for name, text in (pages() | files()).items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")
