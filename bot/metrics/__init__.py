"""Figures for Prometheus: counted as answers are made, or looked up when they are asked for.

No text, no person and no room is in any of them; labels have few values each.
"""

from bot.metrics.meters import Meters
from bot.metrics.standing import Standing

__all__ = ["Meters", "Standing"]
