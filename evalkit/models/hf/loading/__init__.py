"""From a reference to a model in memory: where its files come from, and how they are read."""
