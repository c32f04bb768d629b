"""`secretary model check`: will this model work on this machine, and which would?"""

from collections.abc import Sequence
from typing import Any
from unicodedata import east_asian_width

import click

from adapters.cli.console import print_json, settings
from adapters.settings import Settings
from bot.model.card import describe
from bot.model.check import Verdict, Wish, examine
from bot.model.described import Described
from bot.model.machine import Machine, look
from bot.model.needs import GIB, Method
from bot.model.recommended import Recommended, recommended
from bot.model.software import installed
from bot.phrases import say

MARKS = {"ok": "✔", "warning": "！", "error": "✘"}


@click.command()
@click.argument("model", required=False)
@click.option("--context", default=8192, type=click.IntRange(256), help="一個對話最多幾個 token")
@click.option("--concurrency", type=click.IntRange(1), help="同時幾個對話；不填時有 GPU 8、沒有 1")
@click.option("--finetune", type=click.Choice(["lora", "qlora", "full"]), help="微調要多少記憶體")
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def check(
    model: str | None,
    context: int,
    concurrency: int | None,
    finetune: Method | None,
    as_json: bool,
) -> None:
    """下載或啟動之前，先看 MODEL（資料夾、GGUF 檔或 擁有者/名稱）在這台機器上行不行。

    不指定 MODEL 就列出這台機器的狀況與繁體中文推薦的模型。
    """
    loaded = settings()
    described = inspect(loaded, model) if model else None
    machine = look(loaded.hub_cache())
    wish = Wish(context, concurrency or (8 if machine.gpus else 1), finetune)
    verdicts = tuple(examine(machine, installed(), described, wish))
    if as_json:
        print_json(_json(loaded, described, machine, verdicts))
    else:
        show(verdicts, loaded.bot_language)
        if described is None:
            _show_table(loaded.bot_language)
    if any(verdict.state == "error" for verdict in verdicts):
        raise click.exceptions.Exit(1)


def inspect(loaded: Settings, model: str) -> Described:
    return describe(model, loaded.hf_endpoint, loaded.hf_token, loaded.hub_cache())


def show(verdicts: Sequence[Verdict], language: str, *, err: bool = False) -> None:
    for verdict in verdicts:
        sentence = say(verdict.code, language, **verdict.detail)
        click.echo(f"{MARKS[verdict.state]} {sentence}", err=err)


def _json(
    loaded: Settings, model: Described | None, machine: Machine, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    checks = [
        {
            "state": verdict.state,
            "code": verdict.code,
            "message": say(verdict.code, loaded.bot_language, **verdict.detail),
            **verdict.detail,
        }
        for verdict in verdicts
    ]
    told: dict[str, Any] = {
        "ok": not any(verdict.state == "error" for verdict in verdicts),
        "gpus": len(machine.gpus),
        "checks": checks,
    }
    if model is not None:
        told["model"] = _model(model)
    else:
        told["recommended"] = [
            {
                "memory_gib": row.memory_gib,
                "role": row.role,
                "model": row.name,
                "form": row.form,
                "licence": row.licence,
                "source": row.source,
                "why": row.why(loaded.bot_language),
            }
            for row in recommended()
        ]
    return told


def _model(model: Described) -> dict[str, Any]:
    per_token = model.shape.kv_bytes_per_token() if model.shape and not model.is_encoder else None
    return {
        "name": model.name,
        "form": model.form,
        "kind": model.kind,
        "parameters": model.parameters,
        "dtype": model.dtype,
        "weights_bytes": int(model.weights) if model.weights else None,
        "kv_bytes_per_token": int(per_token) if per_token else None,
        "context": model.shape.context if model.shape else None,
        "chat_template": model.chat_template is not None,
    }


def _show_table(language: str) -> None:
    click.echo(f"\n{say('check.table', language)}")
    roles = dict.fromkeys(row.role for row in recommended())
    for role in roles:
        click.echo(f"\n{say(f'check.role_{role}', language)}")
        for row in recommended():
            if row.role == role:
                _show_row(row, language)


def _show_row(row: Recommended, language: str) -> None:
    memory = f"{row.memory_gib} GiB" if row.memory_gib else say("check.cpu", language)
    width = 8 - sum(east_asian_width(letter) in "WF" for letter in memory)
    click.echo(f"  {memory:<{width}}{row.name}")
    facts = (row.form, f"{row.weights / GIB:.1f} GiB", row.licence)
    click.echo(
        f"          {say('check.row', language, why=row.why(language), facts=', '.join(facts))}"
    )
