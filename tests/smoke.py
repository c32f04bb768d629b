"""Ten questions to the real program, on the real embedded models: `python -m tests.smoke`.

Reads the sample documents into a fresh folder, asks `tests/eval/smoke.jsonl` as one batch
and looks at outcome, citations and answers. Exit 0 when nearly all is right: of the
answerable questions the small model may miss one, of the unanswerable ones none.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.settings import MODEL_FILE, Settings
from bot.evaluation.matching import says
from bot.evaluation.questions import EvalLine, read_questions

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "eval" / "smoke.jsonl"
SAMPLE = ROOT / "knowledge" / "sample"
MISSES_ALLOWED = 1


def main() -> int:
    """0 when good enough; prints a line a question and `smoke: N passed, N failed`."""
    lines = read_questions(QUESTIONS)
    with tempfile.TemporaryDirectory(
        prefix="secretary-smoke-", ignore_cleanup_errors=True
    ) as folder:
        secretary = Program(Path(folder))
        report = json.loads(secretary("ingest", str(SAMPLE), "--json"))
        print(f"ingest: {report['added']} documents, {len(report['failed'])} failed", flush=True)
        start = time.monotonic()
        replies = secretary("ask", "--batch", str(QUESTIONS)).splitlines()
        print(f"ask: {len(replies)} answers in {time.monotonic() - start:.0f} s", flush=True)
    if report["failed"] or len(replies) != len(lines):
        print(f"unexpected: {report['failed']}, {len(replies)} answers to {len(lines)} questions")
        return 1
    return _judged(lines, [json.loads(reply) for reply in replies])


class Program:
    """`secretary` in a folder of its own, with nothing set but what this run needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = Path(sys.executable).with_name("secretary")

    def __call__(self, *arguments: str) -> str:
        """Its standard output; its log goes to ours. Raises CalledProcessError."""
        command = [str(self._program), *arguments]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment(), stdout=subprocess.PIPE, check=True
        )
        return done.stdout.decode()

    def _environment(self) -> Mapping[str, str]:
        kept = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}
        model = os.environ.get("LLM_MODEL_PATH", str(ROOT / MODEL_FILE))
        # Named, so that a missing model file is a failure and not an extractive answer; and it
        # may take its time, for what is judged here is what it says, not how fast.
        return kept | {
            "LLM_TIMEOUT_S": "600",
            "DATA_DIR": str(self._folder / "data"),
            "LLM_ENGINE": "embedded",
            "LLM_MODEL_PATH": model,
        }


def _judged(lines: list[EvalLine], replies: list[dict[str, Any]]) -> int:
    problems = [_problem(line, reply) for line, reply in zip(lines, replies, strict=True)]
    for line, reply, problem in zip(lines, replies, problems, strict=True):
        text = " ".join(reply["text"].split())
        print(f"{'FAIL' if problem else 'ok  '} {line.id} {line.question} → {text[:80]}")
        if problem:
            print(f"     {problem}; expected {line.answers or 'no_data'}")
    missed = sum(problem is not None for problem in problems)
    invented = any(
        problem and not line.answerable for line, problem in zip(lines, problems, strict=True)
    )
    print(f"smoke: {len(lines) - missed} passed, {missed} failed")
    return 1 if invented or missed > MISSES_ALLOWED else 0


def _problem(line: EvalLine, reply: dict[str, Any]) -> str | None:
    """What is wrong with this reply, if anything."""
    if reply["id"] != line.id:
        return f"answers {reply['id']}"
    if not line.answerable:
        return None if reply["outcome"] == "no_data" else f"{reply['outcome']} without data"
    if reply["outcome"] != "grounded":
        return f"{reply['outcome']} ({reply.get('reason') or reply.get('notice')})"
    if not reply["citations"]:
        return "no citation"
    return None if says(reply["text"], line.answers) else "the answer is not in it"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"`secretary {error.cmd[1]}` ended with {error.returncode}")
