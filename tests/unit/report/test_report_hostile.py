"""Texts that hide, reorder or run on for ever are made harmless before any format sees them."""

from __future__ import annotations

import json
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.hostile import json_escaped, one_line, shorten, shorten_end, shown, visible

SEEN_THOUGH_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Signs of Arabic, Syriac and Kaithi that Unicode calls format characters though they print."""


def test_no_character_that_acts_instead_of_being_seen_stays() -> None:
    acting = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and code not in SEEN_THOUGH_FORMAT
    ]
    left = [f"U+{ord(character):04X}" for character in acting if visible(character) == character]
    assert left == ["U+0009", "U+000A"]


def test_what_acted_says_what_it_was() -> None:
    assert visible("\x1b[31m\u202egnp.exe\u200b\x7f\ud800") == "␛[31m⟨U+202E⟩gnp.exe⟨U+200B⟩␡⟨U+D800⟩"


def test_other_scripts_and_emoji_stay_as_they_are() -> None:
    text = "שלום 你好 Привет नमस्ते 👍🏽 é\tline\nline"
    assert visible(text) == text


def test_line_ends_of_another_system_are_line_ends() -> None:
    assert visible("a\r\nb\rc") == "a\nb␍c"
    assert one_line("a\r\nb\tc") == "a↵b c"


@given(st.text())
def test_what_is_shown_can_be_encoded(text: str) -> None:
    assert visible(text + "\udfff").encode("utf-8")


@given(st.text(max_size=300), st.integers(40, 200))
def test_a_short_text_is_never_shortened_and_a_long_one_never_silently(text: str, most: int) -> None:
    short = shorten(text, most)
    if len(text) <= most:
        assert short == text
    else:
        assert f"{len(text) - most:,} characters not shown" in short
        assert short[:20] == text[:20]
        assert short[-5:] == text[-5:]


def test_a_megabyte_on_one_line_costs_a_few_thousand_characters() -> None:
    text = shown("\u200b" * 1_000_000)
    assert len(text) < 50_000
    assert "996,000 characters not shown" in text


def test_the_end_of_a_heading_is_cut() -> None:
    assert shorten_end("abcdef", 4) == "abc…"
    assert shorten_end("abcd", 4) == "abcd"


@given(st.text())
def test_escaped_json_is_the_same_json_and_nothing_in_it_acts(text: str) -> None:
    hostile = text + "\x7f\x9b31m\u202egnp\u200b\ufeff\U000e0041\ud800 日本 ü 👍"
    written = json_escaped(json.dumps({"answer": hostile}, ensure_ascii=False))
    assert json.loads(written) == {"answer": hostile}
    assert visible(written) == written
    assert "日本 ü 👍" in written
