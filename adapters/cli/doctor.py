"""`secretary doctor`: tries every configured part, and says what to do about it."""

from typing import Any

import click

from adapters.cli.console import print_json, settings
from adapters.doctor import Finding, examine

_MARKS = {"ok": "✔", "warning": "！", "error": "✘"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def doctor(as_json: bool) -> None:
    """真的試一次每個有設定的部分：資料庫、知識庫、模型、各平台與 Notion 的 token…，並說明怎麼修。

    有一項壞了，其他的照樣檢查；壞了就以 1 結束。
    """
    loaded = settings()
    findings: list[Finding] = []
    for finding in examine(loaded):
        findings.append(finding)
        if not as_json:
            click.echo(f"{_MARKS[finding.state]} {finding.name}：{finding.sentence}")
    failed = any(finding.state == "error" for finding in findings)
    if as_json:
        print_json({"ok": not failed, "checks": [_json(finding) for finding in findings]})
    if failed:
        raise click.exceptions.Exit(1)


def _json(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.code,
        "name": finding.name,
        "state": finding.state,
        "message": finding.sentence,
    }
