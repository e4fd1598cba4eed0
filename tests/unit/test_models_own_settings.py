"""A model's own settings that change what it writes greedily: which have an effect, and who refuses which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import ModelError
from evalkit.models.hf.own_settings import NEUTRAL, OBEYED, given, refuse_others
from evalkit.models.openvino.engine import OBEYED as OBEYED_BY_OPENVINO


def test_a_setting_at_its_neutral_value_is_none() -> None:
    assert given({**NEUTRAL, "suppress_tokens": [], "temperature": 0.7}) == {}
    assert given({"min_length": 3, "repetition_penalty": 1.0}) == {"min_length": 3}
    assert given({"forced_bos_token_id": 0}) == {"forced_bos_token_id": 0}


@pytest.mark.parametrize(
    ("settings", "obeyed", "refused"),
    [
        ({"repetition_penalty": 1.1}, OBEYED_BY_OPENVINO, ""),
        ({"no_repeat_ngram_size": 3}, OBEYED_BY_OPENVINO, "no_repeat_ngram_size"),
        ({"no_repeat_ngram_size": 3, "forced_eos_token_id": 2}, OBEYED, ""),
        ({"guidance_scale": 2.0}, OBEYED, "guidance_scale"),
    ],
)
def test_what_is_not_obeyed_is_refused(settings: dict[str, Any], obeyed: frozenset[str], refused: str) -> None:
    if not refused:
        refuse_others(settings, obeyed, Path("model"), hint="")
        return
    with pytest.raises(ModelError, match=f"model asks for {refused}, which is not obeyed here"):
        refuse_others(settings, obeyed, Path("model"), hint="")
