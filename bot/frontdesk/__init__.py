"""What people may ask of the bot on any platform besides a question, and what admins may."""
