"""Statistics become intervals: pure functions of their arguments, seeded where they draw."""
