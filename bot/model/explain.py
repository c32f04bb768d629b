"""Why a model server or a fine-tuning run failed, read from its log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.errors import ConfigError
from bot.model.rules import RULES, Rule
from bot.model.runfacts import RunFacts, read_facts

_HEAD_BYTES: Final = 1_000_000
_TAIL_BYTES: Final = 4_000_000
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ERROR: Final = re.compile(
    r"\b(?:\w*Error|\w*Exception|ERROR|error|FATAL|fatal|failed|Failed|Traceback|abort\w*)\b"
)
_QUOTE_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the log shows; the sentence is `bot.phrases` under the code."""

    code: str
    detail: dict[str, str] = field(default_factory=dict)
    line: int | None = None
    """Where in the log, from 1."""
    quote: str = ""
    is_cause: bool = True
    """False: it did not end the run, but will go wrong or slow it down."""


def explain_file(path: Path) -> tuple[Finding, ...]:
    """`explain` of a log of any size. Raises ConfigError `explain.unreadable`."""
    try:
        with path.open("rb") as file:
            text = file.read(_HEAD_BYTES)
            size = path.stat().st_size
            if size > _HEAD_BYTES:
                file.seek(max(_HEAD_BYTES, size - _TAIL_BYTES))
                text += b"\n" + file.read()
    except OSError as error:
        problem = error.strerror or str(error)
        raise ConfigError("explain.unreadable", path=str(path), problem=problem) from error
    return explain(text.decode("utf-8", "replace"))


def explain(log: str) -> tuple[Finding, ...]:
    """The most specific cause first, what else was seen after it; never empty."""
    text = _ESCAPES.sub("", log).replace("\r\n", "\n").replace("\r", "\n")
    facts = read_facts(text)
    seen = list(_matches(text, facts))
    if not any(finding.is_cause for finding in seen):
        seen.insert(0, _unknown(text))
    return tuple(sorted(seen, key=lambda finding: not finding.is_cause))


def _matches(text: str, facts: RunFacts) -> Iterator[Finding]:
    told: set[str] = set()
    for rule in RULES:
        for pattern in rule.patterns:
            match = _last(pattern, text)
            if match is None:
                continue
            finding = _finding(rule, match, text, facts)
            if finding is not None and finding.code not in told:
                told.add(finding.code)
                yield finding
                break


def _finding(rule: Rule, match: re.Match[str], text: str, facts: RunFacts) -> Finding | None:
    detail = {name: value or "?" for name, value in match.groupdict().items()}
    code: str | None = rule.code
    if rule.refine is not None:
        code, detail = rule.refine(detail, facts, text)
        if code is None:
            return None
    number = text.count("\n", 0, match.start()) + 1
    return Finding(code or rule.code, detail, number, _line(text, match.start()), rule.is_cause)


def _unknown(text: str) -> Finding:
    """The last line that speaks of an error, or the very last one."""
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines:
        return Finding("explain.empty")
    errors = [entry for entry in lines if _ERROR.search(entry[1])]
    number, line = (errors or lines)[-1]
    code = "explain.unknown" if errors else "explain.no_error"
    return Finding(code, {"line": line[:_QUOTE_CHARS]}, number, line[:_QUOTE_CHARS])


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Of a log with several starts the last one counts."""
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the loop is what finds the last
        pass
    return found


def _line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    if len(line) <= _QUOTE_CHARS:
        return line.strip()
    # The end of a long command line says more than its beginning.
    begin = max(0, min(at - start - 20, len(line) - _QUOTE_CHARS))
    return line[begin : begin + _QUOTE_CHARS].strip()
