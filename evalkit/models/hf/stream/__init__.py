"""The loop whose batch is never empty: rows that come and go, and beginnings of prompts that are computed once."""
