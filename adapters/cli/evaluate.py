"""`secretary eval`: questions with known answers, measured; see `bot.evaluation.metrics`."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import click

from adapters.cli.ask import opened
from adapters.cli.console import print_json, progress_bar, settings
from adapters.cli.regression import Regression, lessons_known, pass_or_fail
from adapters.settings import Settings
from bot.bootstrap import Bot
from bot.errors import ConfigError
from bot.evaluation.metrics import Judged, judge, judged_json, summarize
from bot.evaluation.questions import EvalLine, read_questions
from bot.evaluation.report import render
from bot.evaluation.run import Evaluator, Result
from bot.phrases import say
from knowledge.ingest import Progress

INTERRUPTED = 130


@click.command("eval")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--regression",
    is_flag=True,
    help="不用題目檔：重問標註與按讚的回答，看換了模型或門檻之後還對不對",
)
@click.option(
    "--floor",
    type=click.FloatRange(0, 1),
    default=0.9,
    show_default=True,
    help="配合 --regression：還對的比例低於這個就以 1 結束",
)
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="另外寫一頁 HTML 報告"
)
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把每一題的回答、閘門信心與判定寫成 JSONL，一題一行，做完就寫",
)
@click.option("--retrieval-only", is_flag=True, help="只測檢索與閘門，不產生回答")
@click.option("--limit", type=click.IntRange(min=1), help="只測前幾題")
@click.option(
    "--concurrency", type=click.IntRange(1, 256), help="同時幾題（預設：LLM_CONCURRENCY）"
)
def evaluate(
    file: Path | None,
    regression: bool,
    floor: float,
    as_json: bool,
    report: Path | None,
    answers: Path | None,
    retrieval_only: bool,
    limit: int | None,
    concurrency: int | None,
) -> None:
    """用有標準答案的題目評測檢索、回答、拒答與出處；或重問以前答對的（--regression）。"""
    session = _session(file, regression, limit, retrieval_only)
    loaded = settings()
    notes = _Notes(answers)
    interrupted = _run(session, concurrency, notes)
    summary = summarize(session.judged, session.threshold, partial=interrupted)
    if isinstance(session, Regression):
        summary["regression"] = {"held": round(session.held, 4), "floor": floor}
    if as_json:
        print_json(summary)
    else:
        _print(summary)
    if report is not None:  # after the figures: a full disk must not cost an hour's work
        title = say("eval.title", loaded.bot_language) if file is None else file.name
        _write(report, session.judged, summary, title, loaded)
    if notes.problem is not None:
        raise notes.problem
    if interrupted:
        raise click.exceptions.Exit(INTERRUPTED)
    if isinstance(session, Regression):
        pass_or_fail(session, floor, loaded.bot_language, quiet=as_json)


class Session(Protocol):
    """What is known so far; outlives an interruption."""

    judged: list[Judged]
    threshold: float

    @property
    def total(self) -> int: ...

    async def run(self, concurrency: int | None, count: Callable[[Judged], None]) -> None: ...


def _session(
    file: Path | None, regression: bool, limit: int | None, retrieval_only: bool
) -> Session:
    if (file is None) != regression or (regression and retrieval_only):
        raise click.UsageError(
            "請給一個題目檔，或用 --regression（不能和 --retrieval-only 一起用）。"
        )
    if file is None:
        return lessons_known(limit)
    return _Questions(read_questions(file, limit), retrieval_only)


def _run(session: Session, concurrency: int | None, notes: "_Notes") -> bool:
    """Whether it was interrupted. Raises KeyboardInterrupt where nothing was done by then."""
    with _counting(session.total) as count:

        def done(judged: Judged) -> None:
            notes.add(judged)
            count(judged)

        try:
            asyncio.run(session.run(concurrency, done))
        except KeyboardInterrupt:
            if not session.judged:
                raise
            return True
    return False


class _Questions:
    """The lines of a file."""

    def __init__(self, lines: Sequence[EvalLine], retrieval_only: bool) -> None:
        self.judged: list[Judged] = []
        self.threshold = 0.0
        self._lines = lines
        self._retrieval_only = retrieval_only

    @property
    def total(self) -> int:
        return len(self._lines)

    async def run(self, concurrency: int | None, count: Callable[[Judged], None]) -> None:
        def keep(result: Result) -> None:
            self.judged.append(judge(result))
            count(self.judged[-1])

        async with opened() as (bot, _):
            self.threshold = bot.calibration.threshold
            await _evaluator(bot, self._retrieval_only, concurrency).run(self._lines, keep)


def _evaluator(bot: Bot, retrieval_only: bool, concurrency: int | None) -> Evaluator:
    at_once = concurrency or (1 if retrieval_only else bot.settings.model.concurrency)
    return Evaluator(bot.chain.retrieve, None if retrieval_only else bot.assistant, at_once)


@contextmanager
def _counting(total: int) -> Iterator[Callable[[Judged], None]]:
    """A bar on stderr with how many went well and how many did not."""
    with progress_bar() as show:
        done = bad = 0
        show(Progress(0, total, ""))

        def count(judged: Judged) -> None:
            nonlocal done, bad
            done += 1
            bad += judged.mistake is not None
            show(Progress(done, total, f"✓ {done - bad}  ✗ {bad}"))

        yield count


class _Notes:
    """The file of `--answers`. A disk that fills up ends the notes, not the evaluation."""

    def __init__(self, path: Path | None) -> None:
        """Raises ConfigError `cli.write_failed` where it cannot even begin."""
        self.path = path
        self.problem: ConfigError | None = None
        if path is not None:
            with _writable(path):
                path.write_bytes(b"")

    def add(self, judged: Judged) -> None:
        if self.path is None or self.problem is not None:
            return
        line = json.dumps(judged_json(judged), ensure_ascii=False) + "\n"
        try:
            with _writable(self.path), self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        except ConfigError as error:
            self.problem = error


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Raises ConfigError `cli.write_failed`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise ConfigError("cli.write_failed", path=str(path), problem=problem) from error


def _write(
    path: Path, judged: Sequence[Judged], summary: dict[str, Any], title: str, loaded: Settings
) -> None:
    """Raises ConfigError `cli.write_failed`."""
    made = datetime.now(ZoneInfo(loaded.timezone))
    page = render(judged, summary, title=title, made=made, model=_model(loaded, summary))
    with _writable(path):
        path.write_text(page, encoding="utf-8")


def _model(loaded: Settings, summary: dict[str, Any]) -> str:
    """What answered, in words for the report's head."""
    if summary["mode"] == "retrieval":
        return "只測檢索"
    match loaded.engine():
        case "openai":
            return loaded.llm_model or str(loaded.llm_base_url)
        case "embedded":
            return loaded.model_path().name
        case "none":
            return "摘錄原文（沒有語言模型）"


def _print(summary: dict[str, Any]) -> None:
    """The promised figures as a small table."""
    for name in (
        "n", "hit@1", "hit@3", "hit@5", "mrr", "answer_accuracy", "refusal_precision",
        "refusal_recall", "citation_validity",
    ):  # fmt: skip
        interval = summary["ci95"].get(name)
        spread = f"  [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        click.echo(f"{name:<18}{_shown(summary[name]):>8}{spread}")
    for name, value in summary["latency_ms"].items():
        click.echo(f"{'latency ' + name:<18}{_shown(value):>8} ms")


def _shown(value: float | int | None) -> str:
    return "—" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
