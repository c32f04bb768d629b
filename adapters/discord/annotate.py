"""The form of /annotate: its fields, and what was filled in. Pure.

A form opens as the first answer to an interaction, within three seconds, and everything that it
must remember stands in its id: it can be sent in after a restart.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.discord.outbound import Message, shortened
from bot.frontdesk.replies import Form
from bot.phrases import Say

PREFIX = "annotate"
_FIELD = 4000
"""Characters that a field takes."""
_QUESTION = 2000
_LABEL, _TITLE, _HINT = 45, 45, 100


def modal(form: Form, say: Say, language: str) -> Message:
    """An answer that is too long for the field is cut, and that is said above it."""
    question = " ".join(form.question.split())[:_QUESTION]  # its field has one line
    hint = "form.answer_hint" if len(form.answer) <= _FIELD else "form.answer_cut"
    return {
        "custom_id": custom_id(form),
        "title": shortened(say("form.title", language), _TITLE),
        "components": [
            _field("question", say("form.question", language), question, _QUESTION),
            _field(
                "answer", say("form.answer", language), form.answer[:_FIELD], _FIELD,
                hint=say(hint, language, limit=_FIELD),
            ),
            _field(
                "aliases", say("form.aliases", language), "\n".join(form.aliases), _FIELD,
                hint=say("form.aliases_hint", language), required=False,
            ),
        ],
    }  # fmt: skip


def _field(
    name: str, label: str, value: str, limit: int, *, hint: str = "", required: bool = True
) -> Message:
    entry = {
        "type": 4, "custom_id": name, "style": 1 if name == "question" else 2,
        "required": required, "max_length": limit,
    }  # fmt: skip
    if value:
        entry["value"] = value
    around = {"type": 18, "label": shortened(label, _LABEL), "component": entry}
    return {**around, "description": shortened(hint, _HINT)} if hint else around


def custom_id(form: Form) -> str:
    return f"{PREFIX}:{form.cluster_id or ''}:{form.request_id or ''}"


def filled(data: Mapping[str, Any]) -> Form | None:
    """What was sent in; None for a form that is not ours."""
    kind, _, rest = str(data.get("custom_id", "")).partition(":")
    cluster, found, request_id = rest.partition(":")
    if kind != PREFIX or not found:
        return None
    said = dict(_values(data.get("components", [])))
    aliases = tuple(filter(None, (line.strip() for line in said.get("aliases", "").splitlines())))
    return Form(
        said.get("question", ""),
        said.get("answer", ""),
        request_id or None,
        int(cluster) if cluster.isdigit() else None,
        aliases,
    )


def _values(components: Any) -> Iterator[tuple[str, str]]:
    for one in components:
        inner = one.get("component", one)
        if "custom_id" in inner:
            yield str(inner["custom_id"]), str(inner.get("value") or "")
