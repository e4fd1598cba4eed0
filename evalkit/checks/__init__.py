"""Checks: what is asked, and how answers become scores. One file per check; each registers as an entry point."""
