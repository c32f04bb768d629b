"""GET / (the chat page), GET /docs (the API explained) and the files both need.

Both pages are whole without the internet: no script, font or picture comes from elsewhere.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from adapters.web.wording import LANGUAGES, Language, preferred, strings

_HERE = Path(__file__).parent


def static_files() -> StaticFiles:
    return StaticFiles(directory=_HERE / "static")


@dataclass(frozen=True, slots=True)
class Pages:
    templates: Jinja2Templates
    language: Language
    """For browsers that speak neither of ours."""

    async def chat(self, request: Request) -> Response:
        language = preferred(request.headers.get("accept-language"), self.language)
        wording = {name: strings(name)["page"] for name in LANGUAGES}
        return self._render(request, "chat.html", language, wording=wording)

    async def docs(self, request: Request) -> Response:
        """Where Swagger UI would stand: it is fetched from the internet, this is not."""
        language = preferred(request.headers.get("accept-language"), self.language)
        base = str(request.base_url).rstrip("/")
        return self._render(
            request, "docs.html", language, base=base, operations=_operations(request)
        )

    def _render(self, request: Request, name: str, language: Language, **more: Any) -> Response:
        context = {"language": language, "t": strings(language)["page"], **more}
        headers = {"Vary": "Accept-Language", "Content-Language": language}
        return self.templates.TemplateResponse(request, name, context, headers=headers)


def _operations(request: Request) -> list[dict[str, str]]:
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    return [
        {"method": method.upper(), "path": path, "summary": about.get("summary", "")}
        for path, methods in paths.items()
        for method, about in methods.items()
    ]


def router(language: Language) -> APIRouter:
    pages = Pages(Jinja2Templates(directory=_HERE / "templates"), language)
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/", pages.chat, methods=["GET", "HEAD"])
    routes.add_api_route("/docs", pages.docs, methods=["GET"])
    return routes
