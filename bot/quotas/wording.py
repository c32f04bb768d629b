"""What people are told about their budgets."""

from collections.abc import Iterable

from bot import phrases
from bot.quotas.limits import Limit
from bot.quotas.records import Exceeded, Standing


def explain(exceeded: Exceeded, language: str, say: phrases.Say = phrases.say) -> str:
    """Which budget is used up and when it renews."""
    renews = f"{exceeded.renews_at:%Y-%m-%d %H:%M}"
    detail = _details(exceeded.limit, language)
    return say(f"quota.over_{exceeded.limit.scope_kind}", language, renews=renews, **detail)


def caution(
    warnings: Iterable[Standing], language: str, say: phrases.Say = phrases.say
) -> str | None:
    """The remark beside an answer after which four fifths of a budget are used."""
    sentences = [
        say("quota.warning", language, **_standing(standing, language)) for standing in warnings
    ]
    return "\n".join(sentences) or None


def show(standings: Iterable[Standing], language: str, say: phrases.Say = phrases.say) -> str:
    """What `/quota` answers: one line a budget."""
    lines = [say("quota.line", language, **_standing(one, language)) for one in standings]
    if not lines:
        return say("quota.unlimited", language)
    return "\n".join([say("quota.title", language), *lines])


def show_limits(limits: Iterable[Limit], language: str) -> str:
    """The budgets as the owner set them: one line each."""
    lines = [phrases.say("quota.limit", language, **_details(limit, language)) for limit in limits]
    return "\n".join(lines) or phrases.say("quota.unlimited", language)


def _standing(standing: Standing, language: str) -> dict[str, object]:
    left = max(0, standing.limit.amount - standing.used)
    renews = f"{standing.renews_at:%Y-%m-%d %H:%M}"
    counts = {"used": standing.used, "left": left, "renews": renews}
    return {**_details(standing.limit, language), **counts}


def _details(limit: Limit, language: str) -> dict[str, object]:
    return {
        "whose": limit.platform or phrases.say(f"quota.{limit.scope_kind}", language),
        "unit": phrases.say(f"quota.{limit.unit}", language),
        "period": phrases.say(f"quota.{limit.period}", language),
        "amount": limit.amount,
    }
