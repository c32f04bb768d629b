"""The /annotate form: a modal, what is sent in with it, and what is wrong with that. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from adapters.slack.blocks import Block, sections
from bot.frontdesk.replies import Form
from bot.phrases import Say

CALLBACK = "annotate"
SHORTCUT = "annotate_answer"
"""The entry in a message's menu; the manifest names it too."""
QUESTION, ANSWER, ALIASES = "question", "answer", "aliases"
"""Blocks of the form, at which Slack shows an error."""
FIELD_LIMIT = 3000
"""Characters that one of Slack's inputs holds."""
_INPUT = "text"
_OF_QUESTION = frozenset(
    {"annotation.question_empty", "annotation.question_long", "annotation.duplicate",
     "question.unlisted"}
)  # fmt: skip


def modal(form: Form, say: Say, language: str) -> Block:
    """Filled in; an answer that is too long for the field is cut, and that is said below it."""
    hint = "form.answer_hint" if len(form.answer) <= FIELD_LIMIT else "form.answer_cut"
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _text(say("slack.form_title", language)),
        "submit": _text(say("slack.form_save", language)),
        "close": _text(say("slack.form_cancel", language)),
        "private_metadata": _pack(form),
        "blocks": [
            _field(QUESTION, form.question, say("form.question", language)),
            _field(
                ANSWER, form.answer, say("form.answer", language),
                hint=say(hint, language, limit=FIELD_LIMIT),
            ),
            _field(
                ALIASES, "\n".join(form.aliases), say("form.aliases", language),
                hint=say("form.aliases_hint", language), optional=True,
            ),
        ],
    }  # fmt: skip


def notice(text: str, say: Say, language: str) -> Block:
    """The modal once it was sent in."""
    return {
        "type": "modal",
        "title": _text(say("slack.form_title", language)),
        "close": _text(say("slack.form_close", language)),
        "blocks": sections(text),
    }


def sent_in(view: Mapping[str, Any]) -> Form:
    """What somebody wrote into the form. Raises KeyError, ValueError for a form of another
    version."""
    about = json.loads(view.get("private_metadata") or "{}")
    values = view["state"]["values"]
    aliases = (line.strip() for line in _typed(values, ALIASES).splitlines())
    return Form(
        question=_typed(values, QUESTION),
        answer=_typed(values, ANSWER),
        request_id=about.get("request"),
        cluster_id=about.get("cluster"),
        aliases=tuple(filter(None, aliases)),
    )


def errors(code: str, sentence: str) -> dict[str, str]:
    """The sentence, at the field that it is about."""
    return {QUESTION if code in _OF_QUESTION else ANSWER: sentence}


def _pack(form: Form) -> str:
    about = {"request": form.request_id, "cluster": form.cluster_id}
    return json.dumps({name: value for name, value in about.items() if value is not None})


def _typed(values: Mapping[str, Any], block: str) -> str:
    return str(values[block][_INPUT].get("value") or "").strip()


def _field(block: str, value: str, label: str, *, hint: str = "", optional: bool = False) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": _INPUT,
        "multiline": True,
        "max_length": FIELD_LIMIT,
    }
    if value:
        element["initial_value"] = value[:FIELD_LIMIT]
    field: Block = {
        "type": "input",
        "block_id": block,
        "label": _text(label),
        "element": element,
        "optional": optional,
    }
    return {**field, "hint": _text(hint)} if hint else field


def _text(text: str) -> Block:
    return {"type": "plain_text", "text": text}
