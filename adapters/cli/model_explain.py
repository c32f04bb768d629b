"""`secretary model explain`: why a start or a fine-tuning run failed, from its log."""

from pathlib import Path

import click

from adapters.cli.console import print_json, settings
from bot.model.explain import Finding, explain_file
from bot.phrases import say


@click.command()
@click.argument("logfile", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def explain(logfile: Path, as_json: bool) -> None:
    """讀失敗的啟動或微調紀錄，說出最可能的原因與怎麼修。"""
    language = settings().bot_language
    findings = explain_file(logfile)
    if as_json:
        print_json({"findings": [as_dict(finding, language) for finding in findings]})
    else:
        show(findings, language)


def show(findings: tuple[Finding, ...], language: str, *, err: bool = False) -> None:
    """Causes first; a heading before what was only seen on the way."""
    for index, finding in enumerate(findings):
        if not finding.is_cause and findings[index - 1].is_cause:
            click.echo(say("explain.also", language), err=err)
        click.echo(f"• {say(finding.code, language, **finding.detail)}", err=err)
        if finding.line is not None:
            where = say("explain.title", language, line=finding.line)
            click.echo(f"  {where}: {finding.quote}", err=err)


def as_dict(finding: Finding, language: str) -> dict[str, object]:
    return {
        "code": finding.code,
        "message": say(finding.code, language, **finding.detail),
        "cause": finding.is_cause,
        "line": finding.line,
        "quote": finding.quote,
    }
