"""Gates: scores become estimates, estimates (and a baseline) verdicts, verdicts an outcome."""
