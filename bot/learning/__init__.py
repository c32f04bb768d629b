"""What use teaches: curated and praised answers as training data, and as a gate for changes.

lessons.py   question → answer that somebody stands behind: annotations, corrections, likes
masking.py   people's ids, names and addresses taken out
dataset.py   ShareGPT and Alpaca lines, and what LLaMA-Factory wants to be told of them
logs.py      exchanges as rows, for whoever runs the bot
replay.py    the lessons asked again, and whether the answers still hold
"""
