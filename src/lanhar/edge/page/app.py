"""The web application: files in, the headers that keep samples on the phone, and nothing that takes any data."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from lanhar.edge.page.resources import Resource

POLICY = "; ".join(
    [
        "default-src 'none'",
        # onnxruntime-web compiles WebAssembly; no other code is made from data.
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self'",
        # The bundle's files; once they are loaded, the page closes this too.
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": (
        "accelerometer=(self), gyroscope=(self), magnetometer=(self), screen-wake-lock=(self), "
        "camera=(), microphone=(), geolocation=()"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Asked again each time, answered in one line where nothing has changed.
    "cache-control": "no-cache",
}


def build_app(found: Mapping[str, Resource]) -> Starlette:
    """The application of a page.

    Args:
        found: path → answer.
    """

    async def answer(request: Request) -> Response:
        resource = found.get(request.path_params["path"])
        if resource is None:
            return PlainTextResponse("There is no such file.\n", 404, HEADERS)
        headers = HEADERS | {"etag": f'"{resource.digest}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        if isinstance(resource.content, bytes):
            return Response(resource.content, headers=headers, media_type=resource.media_type)
        return FileResponse(resource.content, headers=headers, media_type=resource.media_type)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET"])])
