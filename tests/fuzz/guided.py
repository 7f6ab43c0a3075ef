"""The parsers under atheris, whose mutations are guided by coverage.

atheris is not among the dependencies, since it has wheels for few platforms: `pip install atheris` where there is one.
`python -m tests.fuzz.guided TARGET`, then libFuzzer's options, such as `-max_total_time=300 -max_len=65536`, and a
folder of beginnings; without one it begins with the examples of the target. It ends at the first input that raises what
is not declared, or takes longer than SLOW_MS, and leaves it in `crash-...`.
"""

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

SLOW_MS = 50.0
"""Instrumented code is slower than what test_parsers.py measures."""
SLOW_FILE_MS = 3_000.0
"""Of a folder of flows with one changed file."""


def main() -> None:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["sip", "sdp", "rtp", "ivr"]):
        from tests.fuzz.flow_files import FILES
        from tests.fuzz.targets import BY_NAME
    files = {target.name.replace(" ", "_"): target for target in FILES}
    name = sys.argv.pop(1)
    target, slow_ms = (files[name], SLOW_FILE_MS) if name in files else (BY_NAME[name], SLOW_MS)

    def one(data: bytes) -> None:
        if target.read_ms(data) > slow_ms and min(target.read_ms(data) for _ in range(3)) > slow_ms:
            raise RuntimeError(f"{len(data)} bytes take longer than {slow_ms} ms")
        target.feed(data)

    with tempfile.TemporaryDirectory() as folder:
        for number, example in enumerate(target.examples):
            (Path(folder) / f"{number}").write_bytes(example)
        words = Path(folder) / "words"
        words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in target.tokens))
        folders = [word for word in sys.argv[1:] if not word.startswith("-")]
        atheris.Setup([*sys.argv, f"-dict={words}", *([] if folders else [folder])], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
