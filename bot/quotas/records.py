"""What is said of somebody's budgets."""

from dataclasses import dataclass
from datetime import datetime

from bot.quotas.limits import Limit


@dataclass(frozen=True, slots=True)
class Standing:
    """One budget of somebody here and now."""

    limit: Limit
    used: int
    renews_at: datetime
    """In the bot's zone."""


@dataclass(frozen=True, slots=True)
class Allowed:
    at: datetime
    """When it was counted; `refund` wants to know."""
    warnings: tuple[Standing, ...] = ()
    """Budgets that passed 80 % and were not warned of in this window before."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    limit: Limit
    """Of several that are used up the one that renews last."""
    renews_at: datetime
    """In the bot's zone."""
