"""Which prompts speak of the group that a biased mock treats worse.

Groups come from counterfactual data: rows with the labels ``pair`` and ``group``. Groups that meet in a pair belong to
one family (women, men and nonbinary people; five religions), and in every family one group is treated worse.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from evalkit.models.conversation import last_user_text
from evalkit.models.mock.table import Conversation
from evalkit.records import Sample


class Groups:
    def __init__(self, against: Iterable[str] = ()) -> None:
        """``against`` names the groups that are treated worse; without names one of each family is chosen."""
        self._named = frozenset(name.casefold() for name in against)
        self._by_conversation: dict[Conversation, str] = {}
        self._by_last_user_text: dict[str, str] = {}
        self._pairs: dict[str, set[str]] = {}
        self._rows: Counter[str] = Counter()
        self._worse: frozenset[str] | None = None

    def teach(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            pair, group = (sample.labels.get(label) for label in ("pair", "group"))
            if pair in (None, "") or group in (None, "") or sample.messages in self._by_conversation:
                continue
            name = str(group)
            self._by_conversation[sample.messages] = name
            self._by_last_user_text.setdefault(last_user_text(sample.messages), name)
            self._pairs.setdefault(str(pair), set()).add(name)
            self._rows[name] += 1
            self._worse = None

    def treated_worse(self, messages: Conversation) -> bool:
        group = self._by_conversation.get(messages) or self._by_last_user_text.get(last_user_text(messages))
        return group is not None and group in self.worse

    @property
    def worse(self) -> frozenset[str]:
        """The groups that are treated worse: of each family the one with most rows, the last by name among equals."""
        if self._worse is None:
            if self._named:
                self._worse = frozenset(name for name in self._rows if name.casefold() in self._named)
            else:
                families = _families(self._pairs.values())
                self._worse = frozenset(max(family, key=lambda name: (self._rows[name], name)) for family in families)
        return self._worse

    @property
    def digest(self) -> str:
        """Of who is treated worse."""
        content = hashlib.sha256()
        for messages, group in self._by_conversation.items():
            if group in self.worse:
                content.update(repr([(message.role, message.content) for message in messages]).encode())
        return content.hexdigest()


def _families(pairs: Iterable[set[str]]) -> list[set[str]]:
    """Groups that meet, directly or through others, are one family; a group that meets nobody is none."""
    families: list[set[str]] = []
    for pair in pairs:
        meeting = [family for family in families if family & pair]
        families = [family for family in families if not family & pair]
        families.append(pair.union(*meeting))
    return [family for family in families if len(family) > 1]
