"""Engines that turn messages into text, behind one protocol.

base.py                what an engine offers; the reply while it streams; the gate
openai_compatible.py   any server that speaks the OpenAI chat protocol
    endpoint.py        where the server is, and how patient to be
    wire.py            the only speaker of `langchain-openai`
    dialect.py         which parameters this server takes
    faults.py          the SDK's exceptions as ours;  complaints.py  errors of our own
    clean.py           deltas without thinking;  evasion.py  set phrases of censored models
pool.py                several engines in turn, and a paid one within a budget
embedded.py            llama.cpp in a shared child process, spoken to by the engine above
    embedded_server.py that child's main program;  cores.py  how many threads it gets
gguf_server.py         llama.cpp on a port of the owner's choice, for `secretary model serve`
extractive.py          no model: the best sentences of the passages, quoted
"""
