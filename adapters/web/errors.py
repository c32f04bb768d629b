"""API errors in the shape that OpenAI's clients read.

Shape: https://platform.openai.com/docs/guides/error-codes and the `APIError` classes of the
official client, which read `error.message`, `error.type`, `error.code` and `error.param`.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from adapters.web.json_body import json_response
from adapters.web.wording import Language, api_sentence

_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    500: "server_error",
}


class ApiError(Exception):
    """Raised by handlers of /v1; `code` names a sentence in `strings/*.json` under `api`."""

    def __init__(self, status: int, code: str, *, param: str | None = None, **detail: str) -> None:
        super().__init__(code, detail)
        self.status = status
        self.code = code
        self.param = param
        self.detail = detail


def error_json(error: ApiError, language: Language) -> dict[str, Any]:
    return {
        "error": {
            "message": api_sentence(error.code, language, error.detail),
            "type": _TYPES.get(error.status, "invalid_request_error"),
            "code": error.code,
            "param": error.param,
        }
    }


def error_response(error: ApiError, language: Language) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return json_response(error_json(error, language), error.status, headers)
