"""What the bot could not answer, or answered badly: a list that the owner works off.

records   one kind of question, and each time it was asked
likeness  which questions are the same one
clusters  finding the cluster of a question, and keeping its count, in SQL
reports   reading the list
desk      what happens to it: noted, answered, dismissed, told
"""

from bot.unanswered.desk import Unanswered
from bot.unanswered.records import Asked, Cluster, News, State

__all__ = ["Asked", "Cluster", "News", "State", "Unanswered"]
