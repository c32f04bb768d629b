"""Budgets: how much a person, a room, a platform or everybody may use, per hour, day or month.

limits    what the owner wrote, and when windows begin and end; pure
records   what is said of somebody's budgets
tally     one count in SQL
quotas    may this question be answered?
wording   what people are told about it
purse     tokens a day for the paid model of the last resort
"""

from bot.quotas.limits import Limit, Limits, parse, spell
from bot.quotas.purse import DayPurse
from bot.quotas.quotas import Quotas
from bot.quotas.records import Allowed, Exceeded, Standing
from bot.quotas.wording import caution, explain, show, show_limits

__all__ = [
    "Allowed",
    "DayPurse",
    "Exceeded",
    "Limit",
    "Limits",
    "Quotas",
    "Standing",
    "caution",
    "explain",
    "parse",
    "show",
    "show_limits",
    "spell",
]
