"""Whose knowledge may be used where: rooms and platforms, and the audiences they may see.

    slack=staff, discord:1234=staff+partner, web=public

A platform by its name, or one room of it as `platform:room`; the room's own rule wins over
its platform's. Everybody sees what is public, and who has no rule sees nothing else. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.errors import ConfigError
from bot.messages import ConversationRef
from bot.quotas.limits import PLATFORMS
from knowledge.passages import PUBLIC

_LONGEST = 200
"""Characters that the ledger keeps of an audience's name."""


@dataclass(frozen=True, slots=True)
class Audiences:
    """What `parse` makes of the setting; empty means public only, everywhere."""

    rules: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """`platform` or `platform:room` → the audiences named for it."""


def audiences_for(mapping: Audiences, ref: ConversationRef) -> frozenset[str]:
    """What may be searched and shown in this conversation; `public` is always among it."""
    own = mapping.rules.get(f"{ref.platform}:{ref.room}")
    named = mapping.rules.get(ref.platform, frozenset()) if own is None else own
    return named | {PUBLIC}


def parse(text: str | None, platforms: Sequence[str] = PLATFORMS) -> Audiences:
    """The rules that a setting spells out.

    Raises ConfigError `config.value` for AUDIENCES: the hint repeats what is wrong and shows
    what may stand there.
    """
    rules: dict[str, frozenset[str]] = {}
    plain = (text or "").strip()
    for rule in plain.split(",") if plain else ():
        where, allowed = _rule(rule, platforms)
        if where in rules:
            raise _wrong(rule, platforms)
        rules[where] = allowed
    return Audiences(rules)


def _rule(rule: str, platforms: Sequence[str]) -> tuple[str, frozenset[str]]:
    """A room's id may hold colons; the first one ends the platform's name."""
    where, equals, listed = rule.partition("=")
    platform, colon, room = (part.strip() for part in where.partition(":"))
    names = [name.strip() for name in listed.split("+")]
    is_place = platform.lower() in platforms and bool(room) == bool(colon)
    if not (equals and is_place and all(0 < len(name) <= _LONGEST for name in names)):
        raise _wrong(rule, platforms)
    return f"{platform.lower()}{colon}{room}", frozenset(names)


def _wrong(rule: str, platforms: Sequence[str]) -> ConfigError:
    hint = f"{rule.strip()[:60]!r} ≠ {'|'.join(platforms)}[:room]=audience[+audience…]"
    return ConfigError("config.value", name="AUDIENCES", hint=hint)
