"""The runner: plan, ask, score, decide. The only room that sees all stages."""
