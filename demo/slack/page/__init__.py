"""The page people open in a browser: plain files, served with a strict content security policy."""

from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; img-src 'self' data: http://127.0.0.1:* http://localhost:*"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_routes(app: web.Application) -> None:
    """`/`, permalinks (`/archives/...`) and the page's own files under `/page/`."""
    app.router.add_get("/", _index)
    app.router.add_get("/archives/{channel}/{stamp}", _index)
    app.router.add_get("/page/{name}", _file)


async def _index(request: web.Request) -> web.Response:
    return _served(HERE / "index.html")


async def _file(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    known = {path.name: path for path in HERE.iterdir() if path.suffix in TYPES}
    if name not in known:
        raise web.HTTPNotFound
    return _served(known[name])


def _served(path: Path) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=TYPES[path.suffix], charset="utf-8", headers=HEADERS)
