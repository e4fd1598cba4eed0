"""``evalkit view``: the runs database in a browser, on this machine, for whoever holds the link.

Importing this room imports no web framework; ``serve`` does.
"""
