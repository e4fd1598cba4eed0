"""Suites that a suite needs: their order, how they are run before it, and what became of them."""
