"""Suites: a YAML file with every name resolved, or an error with file, line and the nearest valid name."""
