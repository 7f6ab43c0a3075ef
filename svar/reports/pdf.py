"""A page as PDF, printed by a Chromium that is there."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PRINTS_WITHIN_S = 120


class PdfError(Exception):
    """There is no PDF; the message says why, and what to do."""


def browser() -> str:
    """The path of the first Chromium on PATH. Raises PdfError."""
    for name in CHROMIUMS:
        found = shutil.which(name)
        if found:
            return found
    raise PdfError(
        f"a PDF is printed by a Chromium, and none of {', '.join(CHROMIUMS)} is on PATH: install one, or write the "
        "page by --html and print it in any browser"
    )


def write(html: str, file: Path) -> None:
    """Print the page, which reaches for nothing outside itself, to `file`. Raises PdfError and OSError."""
    program = browser()
    file.parent.resolve(strict=True)
    with tempfile.TemporaryDirectory(prefix="svar-report-") as folder:
        page, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html)
        command = [
            program, "--headless", "--disable-gpu", "--disable-extensions", "--no-first-run", "--no-pdf-header-footer",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}",
        ]  # fmt: skip
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # a Chromium of root's does not start otherwise
        try:
            ran = subprocess.run(
                [*command, page.as_uri()], capture_output=True, timeout=PRINTS_WITHIN_S, check=False, text=True
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PdfError(f"{program} printed nothing within {PRINTS_WITHIN_S} s: {error}") from None
        if ran.returncode or not printed.exists():
            last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise PdfError(f"{program} printed nothing (exit code {ran.returncode}): {last}")
        shutil.move(printed, file)
