"""How much of what in which time: budgets as the owner writes them, and their windows.

    person:questions:day=100, room:questions:hour=200, line:pushes:month=200

Before the first colon stands whose budget it is: each `person`, each `room`, each `platform`,
one platform by its name, or `all` together. `none` means no budgets. Pure; nothing is
counted here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

from bot.errors import ConfigError
from bot.messages import ConversationRef

ScopeKind = Literal["person", "room", "platform", "all"]
Unit = Literal["questions", "tokens", "pushes"]
Period = Literal["hour", "day", "month"]

PLATFORMS = ("line", "slack", "discord", "web", "api", "terminal")
DEFAULT = "person:questions:hour=60, person:questions:day=300, line:pushes:month=200"
"""One question a minute for an hour stops a script and no customer. Nothing is shared by
default: a busy first day must not close the shop, and nobody can use up others' questions.
200 pushes a month are what LINE's free plan in Taiwan includes since September 2023
(https://tw.linebiz.com/service/account-solutions/line-official-account/)."""
NONE = "none"

_KINDS: tuple[ScopeKind, ...] = get_args(ScopeKind)
_UNITS: tuple[Unit, ...] = get_args(Unit)
_PERIODS: tuple[Period, ...] = get_args(Period)
_RULE = re.compile(r"\s*([a-z]+)\s*:\s*([a-z]+)\s*:\s*([a-z]+)\s*=\s*([0-9]{1,15})\s*", re.I)


@dataclass(frozen=True, slots=True)
class Limit:
    scope_kind: ScopeKind
    unit: Unit
    period: Period
    amount: int
    """At least 1."""
    platform: str | None = None
    """With scope kind `platform`: only this one; None is each of them."""

    def scope(self, person_id: int | None, ref: ConversationRef) -> str | None:
        """Under which name it is counted for this asker here; None where it does not apply."""
        match self.scope_kind:
            case "person":
                return None if person_id is None else f"person:{person_id}"
            case "room":
                return f"room:{ref.platform}:{ref.room}"
            case "platform":
                return f"platform:{ref.platform}" if self._is_for(ref.platform) else None
            case "all":
                return "all"

    def _is_for(self, platform: str) -> bool:
        return self.platform in (None, platform)


@dataclass(frozen=True, slots=True)
class Limits:
    each: tuple[Limit, ...] = ()

    def __iter__(self) -> Iterator[Limit]:
        return iter(self.each)


def parse(text: str | None, platforms: Sequence[str] = PLATFORMS) -> Limits:
    """The budgets that a setting spells out; the default ones where it is empty.

    Raises ConfigError `config.value` for QUOTAS: the hint repeats what is wrong and shows
    what may stand there.
    """
    plain = (text or "").strip() or DEFAULT
    if plain.lower() == NONE:
        return Limits()
    limits: list[Limit] = []
    for rule in plain.split(","):
        limit = _limit(rule, platforms)
        if any(_budget(limit) == _budget(earlier) for earlier in limits):
            raise _wrong(rule, platforms)
        limits.append(limit)
    return Limits(tuple(limits))


def _limit(rule: str, platforms: Sequence[str]) -> Limit:
    match = _RULE.fullmatch(rule)
    if match is None:
        raise _wrong(rule, platforms)
    whose, unit, period = (part.lower() for part in match.groups()[:3])
    amount = int(match[4])
    is_known = whose in (*_KINDS, *platforms) and unit in _UNITS and period in _PERIODS
    if not is_known or amount < 1:
        raise _wrong(rule, platforms)
    named = whose not in _KINDS
    return Limit(
        "platform" if named else cast(ScopeKind, whose),
        cast(Unit, unit),
        cast(Period, period),
        amount,
        whose if named else None,
    )


def _budget(limit: Limit) -> tuple[str, ...]:
    return (limit.platform or limit.scope_kind, limit.unit, limit.period)


def _wrong(rule: str, platforms: Sequence[str]) -> ConfigError:
    whose, units, periods = ("|".join(part) for part in ((*_KINDS, *platforms), _UNITS, _PERIODS))
    hint = f"{rule.strip()[:60]!r} ≠ {whose}:{units}:{periods}=1…"
    return ConfigError("config.value", name="QUOTAS", hint=hint)


def spell(limit: Limit) -> str:
    """As `parse` reads it."""
    whose = limit.platform or limit.scope_kind
    return f"{whose}:{limit.unit}:{limit.period}={limit.amount}"


# -- windows --------------------------------------------------------------------------------


def window(period: Period, now: datetime, zone: ZoneInfo) -> str:
    """The name of the window that `now` lies in. Windows of one period sort by time.

    An hour bears its offset: the one that a clock set back repeats is an hour of its own.
    """
    local = now.astimezone(zone)
    match period:
        case "hour":
            return f"{local:%Y-%m-%dT%H%z}"
        case "day":
            return f"{local:%Y-%m-%d}"
        case "month":
            return f"{local:%Y-%m}"


def renewal(period: Period, now: datetime, zone: ZoneInfo) -> datetime:
    """When the next window begins, in the zone."""
    local = now.astimezone(zone)
    match period:
        case "hour":
            left = timedelta(hours=1) - timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            )
            # Across a change of the clock only UTC adds up.
            return (local.astimezone(UTC) + left).astimezone(zone)
        case "day":
            return _midnight(local.date() + timedelta(days=1), zone)
        case "month":
            in_the_next = local.date().replace(day=1) + timedelta(days=32)
            return _midnight(in_the_next.replace(day=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The day's first moment; where the clock leaps over midnight that is one o'clock."""
    return datetime.combine(day, time.min, zone).astimezone(UTC).astimezone(zone)
