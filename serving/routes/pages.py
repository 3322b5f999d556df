"""``/docs``: the calls of the API, to read and to try. Its files come with the service, not from the internet."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_FILES: Final = "/docs/files"


def install(app: FastAPI) -> None:
    """Add the page and its files to ``app``."""
    app.mount(_FILES, StaticFiles(directory=Path(str(files("fastapi_offline") / "static"))))
    app.add_api_route("/docs", _docs, include_in_schema=False)


async def _docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Smista",
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{_FILES}/favicon.png",
    )
