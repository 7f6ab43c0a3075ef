"""What the probe found, as Prometheus text, and a server for it. Nobody called is named but the service number."""

import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from svar.probe.rounds import CAUSES, Outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGES = (
    ("success", "1: the last call got through and heard what it should", lambda one: int(one.through)),
    ("answer_seconds", "from the INVITE to its answer, of the last call", lambda one: round(one.answer_s, 3)),
    ("sound_seconds", "from the answer to the first sound, of the last call", lambda one: round(one.sound_s, 3)),
    ("key_sound_seconds", "from the key to the next sound, of the last call", lambda one: round(one.key_sound_s, 3)),
    (
        "likeness_ratio",
        "how like the recordings it was, 1 at most, of the last call",
        lambda one: round(one.likeness, 3),
    ),
)


class Figures:
    """Written by one thread, read by others."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[Outcome, int]] = {}
        self._calls = {number: dict.fromkeys(CAUSES, 0) for number in numbers}

    def note(self, outcome: Outcome, at_s: int) -> None:
        """`at_s` since the epoch."""
        with self._lock:
            self._last[outcome.number] = outcome, at_s
            self._calls[outcome.number][outcome.cause] += 1

    def text(self) -> str:
        """Prometheus' exposition format, version 0.0.4."""
        with self._lock:
            last = dict(self._last)
            calls = {number: dict(counts) for number, counts in self._calls.items()}
        lines = []
        for name, text, read in GAUGES:
            lines += _head(f"svar_probe_{name}", "gauge", text)
            lines += [f'svar_probe_{name}{{number="{_safe(number)}"}} {read(one)}' for number, (one, _) in last.items()]
        lines += _head(
            "svar_probe_last_call_timestamp_seconds", "gauge", "when the last call ended, in seconds since 1970"
        )
        lines += [
            f'svar_probe_last_call_timestamp_seconds{{number="{_safe(number)}"}} {at_s}'
            for number, (_, at_s) in last.items()
        ]
        lines += _head("svar_probe_calls_total", "counter", "calls by what came of them")
        lines += [
            f'svar_probe_calls_total{{number="{_safe(number)}",outcome="{cause}"}} {count}'
            for number, counts in calls.items()
            for cause, count in counts.items()
        ]
        return "\n".join(lines) + "\n"


def serve(figures: Figures, listen: str) -> ThreadingHTTPServer:
    """`/metrics` at HOST:PORT, in a thread of its own until `shutdown`. Raises OSError, ValueError."""

    class Answer(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = figures.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            """Scrapes are not worth a line each."""

    host, _, port = listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _safe(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
