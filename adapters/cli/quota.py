"""`secretary quota`: the budgets, and what of them somebody has used."""

from typing import Any

import click

from adapters.cli.console import print_json
from adapters.cli.remembering import Remembered, remembered
from bot.errors import BotError
from bot.messages import ConversationRef
from bot.people import People
from bot.quotas import Limit, Limits, Quotas, Standing, parse, show, show_limits


@click.command()
@click.option("--person", metavar="平台:ID", help="這個人用了多少，例如 line:U1234")
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def quota(person: str | None, as_json: bool) -> None:
    """額度，或某個人的額度用了多少。"""
    if person is not None and not all(part.strip() for part in person.partition(":")):
        raise click.UsageError("--person 要寫成 平台:ID，例如 line:U1234。")
    with remembered() as memory:
        limits = parse(memory.settings.quotas)
        if person is None:
            rows = [_limit(limit) for limit in limits]
            said = show_limits(limits, memory.language)
        else:
            standings = _standing(memory, limits, person)
            rows = [_used(standing) for standing in standings]
            said = show(standings, memory.language)
    if as_json:
        print_json(rows)
    else:
        click.echo(said)


def _standing(memory: Remembered, limits: Limits, person: str) -> list[Standing]:
    """Of all but rooms, which are no person's own."""
    platform, _, user_id = (part.strip() for part in person.partition(":"))
    person_id = People(memory.storage, memory.now).find(platform, user_id)
    if person_id is None:
        raise BotError("quota.no_person", person=person)
    quotas = Quotas(memory.storage, limits, memory.zone, memory.now)
    standings = quotas.standing(person_id, ConversationRef(platform, ""))
    return [standing for standing in standings if standing.limit.scope_kind != "room"]


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "scope": limit.scope_kind,
        "platform": limit.platform,
        "unit": limit.unit,
        "period": limit.period,
        "amount": limit.amount,
    }


def _used(standing: Standing) -> dict[str, Any]:
    renews = standing.renews_at.isoformat()
    return {**_limit(standing.limit), "used": standing.used, "renews_at": renews}
