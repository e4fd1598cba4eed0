"""The layers of caches whose rows come and go, and of caches that go on from what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


@cache
def past_layer() -> Any:
    """A layer that shows what was kept and what is new, and keeps what is new."""
    import torch
    from transformers.cache_utils import DynamicLayer

    class PastLayer(DynamicLayer):  # type: ignore[misc]
        def __init__(self, past: tuple[Any, Any] | None, base: tuple[Any, Any] | None) -> None:
            super().__init__()
            self.past, self.base = past, base

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            self.keys, self.values, self.is_initialized = key_states, value_states, True
            if self.past is not None:
                rows = key_states.shape[0]
                keys, values = (part.expand(rows, -1, -1, -1) for part in self.past)
                key_states = torch.cat([keys, key_states], dim=-2)
                value_states = torch.cat([values, value_states], dim=-2)
            if self.base is not None:
                key_states = key_states[:]  # what hangs on it is not for those who keep the keys
                key_states.beginning = self.base
            return key_states, value_states

        def get_seq_length(self) -> int:
            own = self.keys.shape[-2] if self.is_initialized else 0
            return own + (self.past[0].shape[-2] if self.past else 0)

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self.get_seq_length() + query_length, 0

    return PastLayer


class Room:
    """Keys and values of all rows of one layer, with space for more: it is known what shape they have when the first
    ones come."""

    def __init__(self, slots: Any) -> None:
        self.slots = slots
        self.keys: Any = None
        self.values: Any = None

    def put(self, rows: slice, columns: slice, keys: Any, values: Any) -> None:
        self.make(keys, values)
        self.keys[rows, :, columns] = keys
        self.values[rows, :, columns] = values

    def move(self, source: int, target: int, length: int) -> None:
        self.keys[target, :, :length] = self.keys[source, :, :length]
        self.values[target, :, :length] = self.values[source, :, :length]

    def wipe(self, rows: Sequence[int]) -> None:
        self.keys[list(rows)] = 0
        self.values[list(rows)] = 0

    def enlarge(self, rows: int, columns: int) -> None:
        if self.keys is not None:
            self.keys = self._larger(self.keys, rows, columns)
            self.values = self._larger(self.values, rows, columns)

    def make(self, keys: Any, values: Any) -> None:
        if self.keys is None:
            self.keys, self.values = self._empty(keys), self._empty(values)

    def _larger(self, held: Any, rows: int, columns: int) -> Any:
        room = self._empty(held)
        room[:rows, :, :columns] = held[:rows, :, :columns]
        return room

    def _empty(self, like: Any) -> Any:
        # zeros, since what is masked still must be a number
        return like.new_zeros((self.slots.rows, like.shape[1], self.slots.columns, like.shape[3]))

    @property
    def bytes_a_token(self) -> int:
        rooms = [] if self.keys is None else [self.keys, self.values]
        return sum(room.shape[1] * room.shape[3] * room.element_size() for room in rooms)


@cache
def slot_layer() -> Any:
    """The class, made when it is first needed: its base lives in a library that is slow to import."""
    from transformers.cache_utils import DynamicLayer

    class SlotLayer(Room, DynamicLayer):  # type: ignore[misc]
        def __init__(self, slots: Any, base: tuple[Any, Any] | None) -> None:
            DynamicLayer.__init__(self)
            Room.__init__(self, slots)
            self.base = base
            self.is_initialized = True

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            slots = self.slots
            self.make(key_states, value_states)
            for room, new in ((self.keys, key_states), (self.values, value_states)):
                if slots.alike:
                    room[: new.shape[0], :, slots.width] = new[:, :, 0]
                else:
                    where = slots.places(*room.shape[1:3])
                    room.view(-1, room.shape[3]).index_copy_(0, where, new.reshape(-1, room.shape[3]))
            rows, shown = key_states.shape[0], slots.width + 1
            keys, values = self.keys[:rows, :, :shown], self.values[:rows, :, :shown]
            if self.base is not None:
                keys.beginning = self.base
            return keys, values

        def get_seq_length(self) -> int:
            return int(self.slots.width)

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self.slots.width + query_length, 0

    return SlotLayer
