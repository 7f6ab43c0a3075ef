"""The pages' own scripts, styles and pictures: read once, named by their content, kept by browsers."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Static:
    """All files of a folder; `version` changes with any of them."""

    files: dict[str, bytes]
    version: str

    def path(self, name: str) -> str:
        """Where a page asks for it. Raises KeyError for one that is not there."""
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def route(self) -> Route:
        """They are no secret: the log-in needs them."""

        async def serve(request: Request) -> Response:
            name = request.path_params["name"]
            data = self.files.get(name)
            if data is None or request.path_params["version"] != self.version:
                return Response(status_code=404, headers={"Cache-Control": "no-store"})
            return Response(data, headers={**_HEADERS, "Content-Type": TYPES[Path(name).suffix]})

        return Route("/static/{version}/{name}", serve, methods=["GET"])


def read(folder: Path) -> Static:
    """What is there of the known types."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
    digest = hashlib.sha256(b"".join(name.encode() + data for name, data in files.items()))
    return Static(files, digest.hexdigest()[:12])


STATIC = read(_FOLDER)
