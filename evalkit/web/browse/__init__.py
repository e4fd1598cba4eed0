"""A side index of finished runs: search, filter and sort a million answers without touching the runs database.

Each run has a file of its own in evalkit's cache folder. It holds no texts: words of answers and prompts as a full-text
index, and numbers; what is shown is read from the runs database by key. It can be deleted at any time.
"""
