"""The bot on LINE: webhook in, Messaging API out."""
