"""A key-value cache with room to grow.

transformers' own dynamic cache copies everything it holds for every new token. Here, layers of plain attention write
into a buffer that is allocated ahead; all other kinds are left as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

ROOM = 64
"""How many tokens more than needed a buffer is made for, at least."""


def growing_cache(config: Any) -> Any:
    """An empty cache for a model of this configuration, laid out as transformers would."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    made = DynamicCache(config=config)
    layer = _layer_type()
    made.layers = [layer() if type(known) is DynamicLayer else known for known in made.layers]
    return made


@cache
def _layer_type() -> Any:
    """The class, made when it is first needed: its base lives in a library that is slow to import."""
    import torch
    from transformers.cache_utils import DynamicLayer

    class GrowingLayer(DynamicLayer):  # type: ignore[misc]
        _key_room: Any = None
        _value_room: Any = None

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            length = self.get_seq_length()
            needed = length + key_states.shape[-2]
            if self._key_room is None or needed > self._key_room.shape[-2]:
                self._key_room = self._bigger(self.keys, key_states, length, needed)
                self._value_room = self._bigger(self.values, value_states, length, needed)
            self._key_room[..., length:needed, :] = key_states
            self._value_room[..., length:needed, :] = value_states
            self._show(needed)
            return self.keys, self.values

        def batch_select_indices(self, indices: Any) -> None:
            if self.get_seq_length() > 0:
                length = self.get_seq_length()
                self._key_room, self._value_room = self._key_room[indices], self._value_room[indices]
                self._show(length)

        def _show(self, length: int) -> None:
            self.keys = self._key_room[..., :length, :]
            self.values = self._value_room[..., :length, :]

        @staticmethod
        def _bigger(held: Any, new: Any, length: int, needed: int) -> Any:
            shape = (*new.shape[:-2], needed + max(ROOM, needed // 4), new.shape[-1])
            room = torch.empty(shape, dtype=new.dtype, device=new.device)
            if length:
                room[..., :length, :] = held
            return room

    return GrowingLayer
