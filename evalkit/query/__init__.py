"""Questions over all runs of a database: SQL over plain views, and search by words or by meaning. It only reads."""
