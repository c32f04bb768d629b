"""What `secretary annotate` prints: tables for people, values for `--json`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.cli.console import warn
from bot.annotations import Annotation, Details, Explanation, Hit, ImportReport, Near
from bot.annotations.calibration import Calibration
from bot.phrases import describe, say


def annotation_json(one: Annotation) -> dict[str, Any]:
    draft = one.draft
    return {
        "id": one.id,
        "question": draft.question,
        "answer": draft.answer,
        "aliases": list(draft.aliases),
        "suggestions": [said.text for said in one.suggestions],
        "audience": draft.audience,
        "expires": draft.expires_on and draft.expires_on.isoformat(),
        "sources": list(draft.sources),
        "state": one.state,
        "rot": one.rot,
        "author": one.author,
        "from_request": one.from_request,
        "hits": one.hits,
        "created_at": one.created_at.isoformat(),
        "updated_at": one.updated_at.isoformat(),
    }


def table(found: Sequence[Annotation], today: date, language: str) -> None:
    if not found:
        click.echo(say("annotate.none", language))
        return
    columns = say("annotate.columns", language).split("|")
    made = Table(*columns, show_edge=False, pad_edge=False)
    for one in found:
        draft = one.draft
        marks = [
            say(f"annotate.mark_{mark}", language)
            for mark, is_set in (
                ("retired", one.state == "retired"),
                ("expired", draft.expires_on is not None and draft.expires_on < today),
                ("rot_changed", one.rot == "changed"),
                ("rot_gone", one.rot == "gone"),
                ("suggested", bool(one.suggestions)),
            )
            if is_set
        ]
        cells = (
            str(one.id),
            _short(draft.question, 40),
            _short(draft.answer, 40),
            str(len(draft.aliases)),
            draft.audience or "—",
            draft.expires_on.isoformat() if draft.expires_on else "—",
            str(one.hits),
            "、".join(marks),
        )
        made.add_row(*(Text(cell) for cell in cells))
    Console(width=None if Console().is_terminal else 160, soft_wrap=True).print(made)


def _short(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def details_json(found: Details) -> dict[str, Any]:
    return annotation_json(found.annotation) | {
        "edits": [
            {"at": edit.at.isoformat(), "author": edit.author, "change": edit.change}
            for edit in found.edits
        ],
        "hit_history": [asdict(hit) | {"at": hit.at.isoformat()} for hit in found.hits],
    }


def details(found: Details, language: str) -> None:
    for name, value in annotation_json(found.annotation).items():
        listed = "、".join(value) if isinstance(value, list) else value
        click.echo(f"{name:<13}{'—' if listed in (None, '') else listed}")
    for edit in found.edits:
        click.echo(f"\n{edit.at:%Y-%m-%d %H:%M} UTC  {edit.author}")
        for name, (before, after) in edit.change.items():
            click.echo(f"  {name}: {before} → {after}")
    if found.hits:
        click.echo(f"\n{say('annotate.hits', language)}")
    for hit in found.hits:
        score = "" if hit.score is None else f"{hit.score:.3f}"
        click.echo(f"  {hit.at:%Y-%m-%d %H:%M} UTC  {hit.kind:<8}{score:>6}  {hit.request_id}")


def explanation_json(question: str, told: Explanation, model: str | None) -> dict[str, Any]:
    found, limits = told.matched.found, told.limits
    kind = found.kind if isinstance(found, Hit) else "near" if found else "none"
    return {
        "question": question,
        "result": kind,
        "answer": found.answer if isinstance(found, Hit) else None,
        "annotation_id": found.annotation_id if isinstance(found, Hit) else None,
        "score": found.score if found else None,
        "choices": [asdict(choice) for choice in found.choices] if isinstance(found, Near) else [],
        "candidates": [asdict(one) for one in told.candidates],
        "thresholds": {
            "model": model,
            "sure": limits.sure if limits else None,
            "near": limits.near if limits else None,
            "origin": limits.origin if limits else "none",
        },
        "problem": told.matched.problem.code if told.matched.problem else None,
    }


def explanation(told: Explanation, model: str | None, language: str) -> None:
    found = told.matched.found
    if isinstance(found, Hit):
        click.echo(
            say(
                f"annotate.{found.kind}",
                language,
                id=found.annotation_id,
                score=f"{found.score:.3f}",
            )
        )
        click.echo(found.answer)
    elif isinstance(found, Near):
        click.echo(say("annotate.near", language))
        for choice in found.choices:
            click.echo(f"  #{choice.annotation_id} {choice.question}")
    else:
        click.echo(say("annotate.no_match", language))
    _candidates(told, language)
    _limits(told, model, language)


def _candidates(told: Explanation, language: str) -> None:
    for one in told.candidates[:5]:
        rules = "、".join(say(f"annotate.rule_{name}", language) for name in one.obstacles)
        click.echo(f"  {one.score:.3f}  #{one.annotation_id} {one.phrasing}  {rules}".rstrip())


def _limits(told: Explanation, model: str | None, language: str) -> None:
    limits = told.limits
    if limits is None:
        click.echo(say("annotate.no_model", language))
    elif limits.sure is None:
        code = "annotate.other_model" if limits.others else "annotate.uncalibrated"
        click.echo(say(code, language, model=model, others="、".join(limits.others)))
    else:
        sure, near = f"{limits.sure:.3f}", f"{limits.near:.3f}"
        click.echo(say("annotate.limits", language, sure=sure, near=near, model=model))


def calibration_json(made: Calibration, model: str) -> dict[str, Any]:
    step = made.at(made.sure)
    return {
        "model": model,
        "sure": made.sure,
        "near": made.near,
        "precision": step.precision,
        "recall": step.recall,
        "positives": made.positives,
        "negatives": made.negatives,
        "curve": [
            {"threshold": one.threshold, "precision": one.precision, "recall": one.recall}
            for one in made.curve
        ],
    }


def calibration(made: Calibration, model: str, language: str) -> None:
    click.echo(say("annotate.curve", language))
    for step in made.curve:
        if step.threshold < 0.75 or round(step.threshold * 1000) % 10:
            continue
        precision = "—" if step.precision is None else f"{step.precision:.3f}"
        mark = "  ←" if abs(step.threshold - made.sure) < 0.0051 <= step.threshold else ""
        click.echo(f"  {step.threshold:.2f}  {precision:>6}  {step.recall:>6.3f}{mark}")
    sure, near = f"{made.sure:.3f}", f"{made.near:.3f}"
    click.echo(say("annotate.limits", language, sure=sure, near=near, model=model))


def import_json(report: ImportReport, language: str) -> dict[str, Any]:
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "expired": report.expired,
        "failed": [{"line": bad.line, "reason": describe(bad, language)} for bad in report.failed],
        "problem": report.problem.code if report.problem else None,
    }


def imported(report: ImportReport, language: str) -> None:
    for bad in report.failed:
        reason = describe(bad, language)
        warn(say("annotate.bad_row", language, line=bad.line, reason=reason))
    click.echo(
        say(
            "annotate.imported",
            language,
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
            failed=len(report.failed),
            expired=report.expired,
        )
    )
