from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.document import UnreadableError, parse_document, read_document
from console.model.errors import Problem


def problem_of(content: bytes) -> Problem:
    with pytest.raises(UnreadableError) as caught:
        parse_document(content, Path("/x/c.yml"), "c.yml")
    return caught.value.problem


def test_a_key_is_found_with_its_line() -> None:
    document = parse_document(
        b"services:\n  app: {}\nx-rollout:\n  ready:\n    deadline: 60s\n", Path("c.yml"), "c.yml"
    )
    assert document.place("x-rollout", "ready", "deadline") == "c.yml:5"
    assert document.place("x-rollout", "ready", "missing") == "c.yml:4"
    assert document.place("nothing") == ""
    assert document.keys("services") == ("app",)


def test_anchors_merge_keys_and_the_tags_of_compose_are_read() -> None:
    document = parse_document(
        b"a: &a {x: 1, y: 2}\nb: {<<: *a, y: !reset null, z: !override [yes]}\n---\nx-rollout: {p: true}\n",
        Path("c"),
        "c",
    )
    assert document.value("b") == {"x": 1, "y": "null", "z": ["yes"]}
    assert document.value("x-rollout") == {"p": True}


def test_a_syntax_error_has_a_line_and_no_content() -> None:
    problem = problem_of(b"services:\n  app:\n    environment: {A: hunter2\n  b: : c\n")
    assert problem.place.startswith("c.yml:")
    assert "hunter2" not in problem.message + problem.hint


def test_a_tab_is_told_as_a_tab() -> None:
    assert "tabs" in problem_of(b"services:\n\tapp: {}\n").hint


def test_multiplying_aliases_are_refused_at_once() -> None:
    lines = ["x-0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"x-{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    began = time.monotonic()
    assert "aliases" in problem_of("\n".join(lines).encode()).message
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "content",
    [
        b"x: " + b"[" * 20_000 + b"]" * 20_000,
        b"x: " + b"{a: " * 5_000 + b"}" * 5_000,
        b"a: &a [*a]\n",
        b"- a list\n",
        b"",
        b"# nothing\n",
        b"? [a]\n: b\n",
        b"\xff\xfe\x00",
        b"a: \x07\n",
        b"a" * (5 * 1024 * 1024),
    ],
    ids=["deep list", "deep mapping", "itself", "list", "empty", "comment", "complex key", "binary", "bell", "large"],
)
def test_what_is_no_compose_file_is_refused(content: bytes) -> None:
    assert problem_of(content).where == "c.yml"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_document_or_refused(content: bytes) -> None:
    try:
        document = parse_document(content, Path("c"), "c")
    except UnreadableError:
        return
    assert document.roots


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_document(tmp_path / "none.yml", "none.yml")
    assert "no such Compose file" in caught.value.problem.message
