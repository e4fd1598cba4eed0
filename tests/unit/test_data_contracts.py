"""What rows mean: aliases, mappings, types, and every kind of bad row with its field."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.data import Column, Contract
from evalkit.data.contracts import BUILT_IN, Entry, Interpreter, contract_named
from evalkit.data.rows import Problem, Row
from evalkit.data.values import from_cell
from evalkit.errors import DatasetError
from evalkit.records import Message


def read(contract: str | Contract, typed: bool = True, mapping: dict[str, str] | None = None, **values: Any) -> Entry:
    return Interpreter(contract_named(contract), mapping).read(Row(values, 1, typed=typed))


def faults(
    contract: str | Contract = "evalkit", typed: bool = True, mapping: dict[str, str] | None = None, **values: Any
) -> list[tuple[str, str]]:
    return read(contract, typed, mapping, **values).faults


@pytest.mark.parametrize("alias", ["prompt", "question", "input", "instruction", "source", "document"])
@pytest.mark.parametrize("expected", ["references", "reference", "answers", "answer", "expected", "output", "target"])
def test_prompt_and_references_go_by_their_usual_names(alias: str, expected: str) -> None:
    entry = read("evalkit", **{alias: "Q?", expected: "A", "category": "x"})
    assert (entry.prompt, entry.references, entry.labels, entry.faults) == ("Q?", ("A",), {"category": "x"}, [])


def test_our_own_name_wins_over_an_alias_which_is_then_a_label() -> None:
    entry = read("evalkit", prompt="Q?", source="a book", references=["A"], target="B")
    assert (entry.prompt, entry.references) == ("Q?", ("A",))
    assert entry.labels == {"source": "a book", "target": "B"}


def test_two_aliases_are_ambiguous_rather_than_guessed() -> None:
    ((field, message),) = faults(question="Q?", document="long")
    assert field == "question"
    assert "'question' and 'document'" in message
    assert "set contract: instruction" in faults(instruction="Translate", input="Hello")[0][1]


def test_a_mapping_decides_and_frees_the_other_aliases() -> None:
    entry = read(
        "evalkit", mapping={"prompt": "question", "references": "best"}, question="Q?", source="book", best="A"
    )
    assert (entry.prompt, entry.references, entry.labels) == ("Q?", ("A",), {"source": "book"})


def test_a_mapping_renames_labels_and_hides_one_of_that_name() -> None:
    assert read("evalkit", mapping={"category": "topic"}, prompt="Q?", topic="x", category="y").labels == {
        "category": "x"
    }


def test_references_are_one_text_a_list_or_a_number() -> None:
    assert read("evalkit", prompt="Q?", references=["A", "B"]).references == ("A", "B")
    assert read("evalkit", prompt="Q?", references=42).references == ("42",)
    assert read("evalkit", prompt="Q?").references == ()
    assert read("evalkit", prompt="Q?", references=[]).references == ()


def test_csv_cells_hold_lists_as_json_and_labels_as_what_they_say() -> None:
    entry = read("evalkit", False, prompt="Q?", references='["A", "B"]', unsafe="False", n="3", zip="007", tags='["x"]')
    assert entry.references == ("A", "B")
    assert entry.labels == {"unsafe": False, "n": 3, "zip": "007", "tags": ["x"]}
    assert read("evalkit", False, prompt="12", references="[1] see note", note="").references == ("[1] see note",)
    assert read("evalkit", False, prompt="12", note="").labels == {}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.50", 1.5),
        ("-3", -3),
        ("1e3", 1000.0),
        ("nan", "nan"),
        ("+1", "+1"),
        ("1_000", "1_000"),
        ("{}", {}),
        ("[x", "[x"),
    ],
)
def test_a_cell_is_a_number_only_as_json_writes_it(cell: str, value: Any) -> None:
    assert from_cell(cell) == value


def test_ids_may_be_whole_numbers() -> None:
    assert read("evalkit", prompt="Q?", id=7).id == "7"
    assert read("evalkit", prompt="Q?", id="7").id == "7"
    assert read("evalkit", prompt="Q?", id=None).id == ""


def test_null_labels_are_no_labels() -> None:
    assert read("evalkit", prompt="Q?", category=None).labels == {}


def test_messages_stand_for_a_prompt() -> None:
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    entry = read("evalkit", messages=turns, answer="Hello")
    assert entry.messages == (Message("system", "Be kind."), Message("user", "Hi"))
    assert (entry.labels, entry.faults) == ({}, [])
    assert read("evalkit", False, messages='[{"role": "user", "content": "Hi"}]').messages == (Message("user", "Hi"),)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "an empty list"),
        ("Hi", "is text where a list of messages"),
        ([{"role": "user"}], "no role and content in message 1"),
        ([{"role": "bot", "content": "x"}], "role 'bot'"),
        ([{"role": "user", "content": ["x"]}], "a list as content"),
        ([{"role": "user", "content": " "}], "no content in message 1"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "not of the user"),
    ],
)
def test_a_conversation_that_cannot_be_asked_is_a_fault(messages: Any, said: str) -> None:
    ((field, message),) = faults(messages=messages)
    assert field == "messages"
    assert said in message


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"references": "A"}, "prompt", "is missing: none of messages, prompt, question"),
        ({"prompt": None}, "prompt", "is missing"),
        ({"question": "  "}, "question", "is empty"),
        ({"question": 3}, "question", "is a number where text is wanted"),
        ({"question": True}, "question", "is true or false where text is wanted"),
        ({"question": "a\0b"}, "question", "NUL"),
        ({"prompt": "Q?", "answer": ""}, "answer", "is empty"),
        ({"prompt": "Q?", "answer": ["A", ""]}, "answer", "holds an empty text"),
        ({"prompt": "Q?", "answer": ["A", "\0"]}, "answer", "NUL"),
        ({"prompt": "Q?", "answer": {"text": "A"}}, "answer", "is an object where text or a list"),
        ({"prompt": "Q?", "answer": [True]}, "answer", "is true or false"),
        ({"prompt": "Q?", "id": 1.5}, "id", "is a number where text or a whole number"),
        ({"prompt": "Q?", "id": " "}, "id", "is empty"),
        ({"prompt": "Q?", "score": float("nan")}, "score", "NaN"),
        ({"prompt": "Q?", "meta": {"a": [float("inf")]}}, "meta", "NaN or infinite"),
    ],
)
def test_a_bad_row_is_named_by_its_field(values: dict[str, Any], field: str, said: str) -> None:
    ((found, message),) = faults(**values)
    assert found == field
    assert said in message


def test_a_python_list_in_a_csv_cell_is_named() -> None:
    ((field, message),) = faults(typed=False, prompt="Q?", answers="['A', 'B']")
    assert field == "answers"
    assert "Python list" in message


def test_every_fault_of_a_row_is_reported() -> None:
    assert [field for field, _ in faults("preference", prompt=1, chosen="", id=2.5)] == [
        "id",
        "prompt",
        "chosen",
        "rejected",
    ]


def test_a_row_that_could_not_be_parsed_keeps_that_fault() -> None:
    row = Row({}, 3, "is not JSON", "x")
    assert Interpreter(BUILT_IN["chat"]).read(row).faults == [("x", "is not JSON")]


class TestBuiltInContracts:
    def test_chat(self) -> None:
        entry = read("chat", input="Hi", output="Hello")
        assert (entry.prompt, entry.references, entry.labels) == ("Hi", ("Hello",), {})
        assert read("chat", input="Hi", expected=["Hello", "Hey"]).references == ("Hello", "Hey")
        assert faults("chat", input="Hi") == [("output", "is missing")]
        assert faults("chat", input="Hi", output=None) == [("output", "is null")]
        assert faults("chat", typed=False, input="", output="x") == [("input", "is empty")]

    def test_instruction_joins_the_two_parts_of_the_prompt(self) -> None:
        assert read("instruction", instruction="Add.", input="1 2", output="3").prompt == "Add.\n\n1 2"

    @pytest.mark.parametrize("given", [{"input": ""}, {"input": None}, {"input": " "}, {}])
    def test_instruction_input_may_be_empty(self, given: dict[str, Any]) -> None:
        entry = read("instruction", instruction="Add 1 and 2.", output="3", **given)
        assert (entry.prompt, entry.faults) == ("Add 1 and 2.", [])

    def test_instruction_itself_may_not_be_empty(self) -> None:
        assert faults("instruction", instruction="", input="x", output="y") == [("instruction", "is empty")]

    @pytest.mark.parametrize("name", ["preference", "dpo"])
    def test_preference_keeps_the_rejected_answer_as_a_label(self, name: str) -> None:
        entry = read(name, prompt="Q?", chosen="good", rejected="bad", topic="x")
        assert (entry.references, entry.labels) == (("good",), {"rejected": "bad", "topic": "x"})
        assert faults(name, prompt="Q?", chosen="good", rejected="") == [("rejected", "is empty")]

    def test_mappings_apply(self) -> None:
        entry = read("preference", mapping={"rejected": "bad", "chosen": "good"}, prompt="Q?", good="x", bad="y")
        assert (entry.references, entry.labels, entry.faults) == (("x",), {"rejected": "y"}, [])
        assert faults("chat", mapping={"input": "ask"}, input="Hi", output="x") == [("ask", "is missing")]


class TestContractsOfASuite:
    TICKET = Contract(
        "ticket",
        (
            Column("question"),
            Column("priority", "integer", values=(1, 2, 3)),
            Column("score", "number", nullable=True),
            Column("open", "boolean", nullable=True),
            Column("tags", "list", nullable=True),
            Column("meta", "object", nullable=True),
            Column("lang", values=("en", "de"), nullable=True),
        ),
    )

    def test_columns_are_checked_and_the_rest_is_as_in_our_own_contract(self) -> None:
        entry = read(self.TICKET, question="Q?", priority=1, score=0.5, open=True, tags=[], meta={}, answer="A")
        assert (entry.prompt, entry.references, entry.faults) == ("Q?", ("A",), [])
        assert entry.labels == {"priority": 1, "score": 0.5, "open": True, "tags": [], "meta": {}}

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({}, "is missing"),
            ({"priority": None}, "is null"),
            ({"priority": "1"}, "is text where a whole number is wanted"),
            ({"priority": 1.0}, "is a number where a whole number is wanted"),
            ({"priority": True}, "is true or false where a whole number is wanted"),
            ({"priority": 4}, "is 4, which is none of 1, 2, 3"),
            ({"priority": 1, "score": "high"}, "where a number is wanted"),
            ({"priority": 1, "open": 1}, "where true or false is wanted"),
            ({"priority": 1, "tags": "x"}, "where a list is wanted"),
            ({"priority": 1, "meta": []}, "where an object is wanted"),
            ({"priority": 1, "lang": "fr"}, "none of 'en', 'de'"),
        ],
    )
    def test_what_breaks_it_is_said(self, values: dict[str, Any], said: str) -> None:
        ((_, message),) = faults(self.TICKET, question="Q?", **values)
        assert said in message

    def test_csv_cells_are_read_by_the_type_of_their_column(self) -> None:
        good = {
            "question": "12",
            "priority": "2",
            "score": "0.5",
            "open": "true",
            "tags": '["a"]',
            "meta": "",
            "lang": "en",
        }
        assert faults(self.TICKET, typed=False, **good) == []
        assert "none of 1, 2, 3" in faults(self.TICKET, typed=False, **{**good, "priority": "9"})[0][1]

    def test_an_unknown_type_names_the_types_there_are(self) -> None:
        with pytest.raises(DatasetError, match="unknown type 'int'") as caught:
            Column("n", "int")
        assert "integer" in caught.value.hint


def test_an_unknown_contract_names_the_nearest() -> None:
    with pytest.raises(DatasetError, match="unknown contract 'instructions'") as caught:
        contract_named("instructions", "suite.yaml:3")
    assert "did you mean 'instruction'?" in caught.value.hint
    assert caught.value.where == "suite.yaml:3"


def test_a_problem_cannot_write_to_the_terminal_through_a_column_name() -> None:
    assert str(Problem("a.csv", 3, "q\x1b[31m", "is empty")) == "a.csv:3: 'q\\x1b[31m' is empty"
    assert str(Problem("a.csv", 3, "", "is not JSON")) == "a.csv:3: is not JSON"
    assert len(str(Problem("a.csv", 3, "q" * 500, "is empty"))) < 100


def test_each_of_several_texts_must_be_one_of_the_values() -> None:
    contract = Contract("mine", (Column("tag", "texts", values=("yes", "no")),))
    assert faults(contract, prompt="Q?", tag="yes") == []
    assert faults(contract, prompt="Q?", tag=["no", "yes"]) == []
    assert faults(contract, prompt="Q?", tag=["no", "maybe"]) == [("tag", "is 'maybe', which is none of 'yes', 'no'")]


@pytest.mark.parametrize("cell", ["[NaN]", '{"a": [1, -Infinity]}', '{"a": 1, "a": 2}', '["\\ud800"]', "[" * 900])
def test_a_cell_that_no_json_row_may_hold_stays_the_text_that_it_is(cell: str) -> None:
    assert from_cell(cell) == cell


def test_half_a_character_in_a_list_of_a_cell_is_named() -> None:
    half = '["\\ud800"]'
    assert faults(typed=False, prompt="Q?", references=half) == [
        ("references", "holds half of a surrogate pair, which is not a character")
    ]


def test_a_row_nested_too_deep_is_a_bad_row() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert faults(prompt="Q?", meta=deep) == [("", "is nested too deep to be read")]


def test_a_conversation_may_have_no_reference_for_some_of_its_turns() -> None:
    entry = read("evalkit", turns=["What is it?", "And why?"], reference=["A hospital.", ""])
    assert (entry.prompt, entry.references, entry.faults) == ("What is it?", ("A hospital.",), [])
    assert faults(turns=["What is it?", "And why?"], reference=["", ""]) == [("reference", "holds an empty text")]
