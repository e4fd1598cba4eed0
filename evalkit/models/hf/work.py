"""What a backend has done so far, counted as it goes: for profiles, and for tests that count instead of timing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evalkit.errors import FailureClass
from evalkit.protocols import Told


@dataclass(slots=True)
class Work:
    """Sums over all sessions of a backend, since it was opened. What likelihoods read counts as prompts."""

    prompts: int = 0
    prompt_tokens: int = 0
    """Of all prompts that were taken up, whether computed for each of them or not."""
    computed_tokens: int = 0
    """Prompt tokens that went through the model, those of a shared prefix once."""
    shared_tokens: int = 0
    """Prompt tokens that did not: they were taken from a prefix that was kept, or from an equal prompt."""
    padded_tokens: int = 0
    """Positions that were computed beside them for the sake of prompts of different length."""
    prefills: int = 0
    """Forward passes over prompts."""
    steps: int = 0
    """Forward passes that wrote one token for each row."""
    row_steps: int = 0
    """Rows of all these steps: divided by ``steps``, the mean batch."""
    most_rows: int = 0
    output_tokens: int = 0
    plain_prompts: int = 0
    """Prompts that were written in batches that nobody joins: the model, or what was asked, allows no others."""
    restarts: int = 0
    """How often a batch broke down and its unfinished rows were begun again in a smaller one."""
    lacks: list[tuple[int, int]] = field(default_factory=list)
    """How many requests at once were too many for the memory, and how many there were from then on."""
    tokenise_seconds: float = 0.0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0

    def read(self, lengths: Sequence[int], computed: int, positions: int, seconds: float) -> None:
        """One pass over texts of these lengths, of which so many tokens were computed among so many positions."""
        self.prompts += len(lengths)
        self.prompt_tokens += sum(lengths)
        self.computed_tokens += computed
        self.shared_tokens += sum(lengths) - computed
        self.padded_tokens += positions - computed
        self.prefills += 1
        self.prefill_seconds += seconds

    def lacked_memory(self, tried: int, now: int) -> None:
        """Noted where it makes batches smaller than ever before."""
        if not self.lacks or now < self.lacks[-1][1]:
            self.lacks.append((tried, now))

    @property
    def troubles(self) -> list[Told]:
        """What a person should know of it."""
        return [
            Told(
                FailureClass.OUT_OF_MEMORY,
                f"the memory did not suffice for {tried} requests at once: the model went on with {now}",
            )
            for tried, now in self.lacks
        ]

    @property
    def rows_a_step(self) -> float | None:
        return self.row_steps / self.steps if self.steps else None

    @property
    def padding_share(self) -> float | None:
        """Of all positions computed for prompts, those that were padding."""
        computed = self.computed_tokens + self.padded_tokens
        return self.padded_tokens / computed if computed else None

    @property
    def shared_share(self) -> float | None:
        """Of all prompt tokens, those that were not computed again."""
        return self.shared_tokens / self.prompt_tokens if self.prompt_tokens else None
