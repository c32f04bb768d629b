"""What Slack takes and what it refuses: its own types, the SDK's limits, and a few more."""

import copy
import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

ROOT = Path(__file__).resolve().parents[2]
SPECS = Path(os.environ.get("SPECS_DIR") or ROOT.parent / "shared" / "specs")
CONTRACT = SPECS / "slack-contract.json"
ARGUMENTS = {
    "chat.postMessage": "ChatPostMessageArguments",
    "chat.postEphemeral": "ChatPostEphemeralArguments",
    "chat.update": "ChatUpdateArguments",
    "chat.startStream": "ChatStartStreamArguments",
    "chat.appendStream": "ChatAppendStreamArguments",
    "chat.stopStream": "ChatStopStreamArguments",
    "assistant.threads.setStatus": "AssistantThreadsSetStatusArguments",
    "views.open": "ViewsOpenArguments",
}
TEXT_LIMITS = {"chat.postMessage": 40_000, "chat.postEphemeral": 40_000, "chat.update": 4_000}


@cache
def contract(definition: str) -> Draft7Validator | None:
    """Of one of Slack's own types; None where the file is not at hand."""
    if not CONTRACT.exists():
        return None
    whole = json.loads(CONTRACT.read_text(encoding="utf-8"))
    reference = {"$ref": f"#/definitions/{definition}", "definitions": whole["definitions"]}
    return Draft7Validator(reference)


def broken(method: str, arguments: Mapping[str, Any]) -> list[str]:
    """The rules that a call breaks."""
    said = {name: value for name, value in arguments.items() if name != "token"}
    problems = list(_by_type(ARGUMENTS.get(method), said))
    problems += _by_limits(method, said)
    problems += _blocks(said.get("blocks") or [])
    if method in ("views.open", "views.publish"):
        problems += _view(said["view"])
    return problems


def _by_type(definition: str | None, said: Mapping[str, Any]) -> Iterator[str]:
    validator = contract(definition) if definition else None
    if validator is not None and not validator.is_valid(said):
        yield f"{definition}: {next(iter(validator.iter_errors(said))).message[:300]}"


def _by_limits(method: str, said: Mapping[str, Any]) -> Iterator[str]:
    text = said.get("text")
    limit = TEXT_LIMITS.get(method)
    if limit is not None and (not text or len(text) > limit):
        yield "no_text" if not text else "msg_too_long"
    if len(said.get("markdown_text") or "") > 12_000:
        yield "msg_too_long"


def _blocks(blocks: list[dict[str, Any]]) -> Iterator[str]:
    if len(blocks) > 50:
        yield "msg_too_many_blocks"
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > 12_000:
        yield "msg_blocks_too_long"
    if sum(len(json.dumps(block, ensure_ascii=False)) for block in blocks) > 20_000:
        yield "msg_blocks_too_long"
    for block in blocks:
        yield from _block(block)


def _block(block: dict[str, Any]) -> Iterator[str]:
    validator = contract("KnownBlock")
    if validator is not None and not validator.is_valid(block):
        yield f"invalid_blocks: {json.dumps(block)[:300]}"
    try:
        # The models take what they are given apart.
        parsed = Block.parse(copy.deepcopy(block))
        assert parsed is not None, "unknown block"
        parsed.to_dict()
    except (SlackObjectFormationError, AssertionError) as error:
        yield f"invalid_blocks: {error}"
    text = block.get("text")
    if isinstance(text, dict) and not 0 < len(text["text"]) <= 3000:
        yield "invalid_blocks: text length"
    for element in block.get("elements") or []:
        if element.get("type") == "mrkdwn" and not 0 < len(element["text"]) <= 3000:
            yield "invalid_blocks: element length"
    ids = [one["action_id"] for one in block.get("elements") or [] if "action_id" in one]
    if len(ids) != len(set(ids)):
        yield "invalid_blocks: action_id twice"


def _view(view: dict[str, Any]) -> Iterator[str]:
    kind = {"modal": "ModalView", "home": "HomeView"}[view["type"]]
    yield from _by_type(kind, view)
    if view["type"] == "modal":
        try:
            View(**copy.deepcopy(view)).to_dict()
        except SlackObjectFormationError as error:
            yield str(error)
        for name in ("title", "submit", "close"):
            if len(view.get(name, {}).get("text", "")) > 24:
                yield f"{name} longer than 24"
    for block in view["blocks"]:
        yield from _block(block)
        if len(block.get("element", {}).get("initial_value", "")) > 3000:
            yield "initial_value longer than 3000"
