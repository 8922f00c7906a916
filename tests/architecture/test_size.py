"""Small files with one noun each."""

from __future__ import annotations

import ast
from statistics import median

from tests.architecture.source import Function, expect_none, sources


def test_no_file_is_over_400_lines() -> None:
    expect_none([f"{source.path}: {source.lines} lines" for source in sources() if source.lines > 400])


def test_the_median_file_is_under_130_lines() -> None:
    sizes = [source.lines for source in sources() if source.lines]
    assert median(sizes) < 130, f"the median of {len(sizes)} files is {median(sizes)} lines"


def test_no_function_is_over_60_lines() -> None:
    found = []
    for source in sources():
        for node in [*source.of(ast.FunctionDef), *source.of(ast.AsyncFunctionDef)]:
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > 60:
                found.append(f"{source.at(node)} {node.name}: {length} lines")
    expect_none(found)


def test_no_class_has_more_than_25_methods() -> None:
    found = []
    for source in sources():
        for node in source.of(ast.ClassDef):
            count = sum(isinstance(member, Function) for member in node.body)
            if count > 25:
                found.append(f"{source.at(node)} {node.name}: {count} methods")
    expect_none(found)
