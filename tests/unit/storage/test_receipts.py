"""Receipts as files: one for each rollout, replaced whole."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from console.adapters.storage.receipts import FileReceipts
from console.model.color import Color
from console.model.receipt import VERSION, Receipt, ReceiptImage, ReceiptLogs, ReceiptStep
from tests.unit.storage.files import mode_of, umask

RECEIPT = Receipt(
    rollout=17,
    project="shop",
    action="deploy",
    result="done",
    exit_code=0,
    message="green serves",
    next_command="",
    started_at="2026-01-01T00:00:00.000Z",
    seconds=1.5,
    user="ann",
    host="here",
    command="rollout deploy",
    target=Color.GREEN,
    previous=Color.BLUE,
    active=None,
    steps=(ReceiptStep(id="a", title="do a", stage="prepare", status="succeeded", seconds=0.5, detail="fine"),),
    images=(ReceiptImage(color=Color.GREEN, reference="shop:2", id="sha256:2", digest=None),),
    warnings=("careful",),
    failures=(),
    cut_requests=0,
    logs=(ReceiptLogs(replica="green-1", lines=("one", "two")),),
    versions=(("docker", "26"),),
)


@pytest.fixture
def receipts(tmp_path: Path) -> FileReceipts:
    return FileReceipts(tmp_path / "state" / "receipts")


def test_a_receipt_is_a_versioned_document_under_its_rollouts_number(receipts: FileReceipts) -> None:
    receipts.write(RECEIPT)
    document = json.loads((receipts.directory / "17.json").read_text())
    assert document.pop("version") == VERSION
    assert document["target"] == "green"
    assert document["active"] is None
    assert document["steps"] == [
        {"id": "a", "title": "do a", "stage": "prepare", "status": "succeeded", "seconds": 0.5, "detail": "fine"}
    ]
    assert document["logs"] == [{"replica": "green-1", "lines": ["one", "two"]}]
    assert document["versions"] == [["docker", "26"]]
    assert set(document) == set(Receipt.__dataclass_fields__)


def test_a_receipt_that_is_written_again_is_replaced_and_nothing_else_is_left(receipts: FileReceipts) -> None:
    receipts.write(RECEIPT)
    receipts.write(replace(RECEIPT, message="x"))
    receipts.write(replace(RECEIPT, rollout=18))
    assert sorted(path.name for path in receipts.directory.iterdir()) == ["17.json", "18.json"]
    assert json.loads((receipts.directory / "17.json").read_text())["message"] == "x"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_group_can_read_receipts_and_others_can_not_whatever_the_umask(receipts: FileReceipts, mask: int) -> None:
    with umask(mask):
        receipts.write(RECEIPT)
    assert mode_of(receipts.directory) == 0o750
    assert mode_of(receipts.directory / "17.json") == 0o640


def test_text_in_no_known_encoding_is_no_reason_to_lose_a_receipt(receipts: FileReceipts) -> None:
    text = os.fsdecode(b"caf\xe9")
    receipts.write(replace(RECEIPT, command=text))
    assert json.loads((receipts.directory / "17.json").read_bytes())["command"] == text


@pytest.mark.parametrize("text", ["a\x9b31mb", "a\u202eb", "a\x1b[31mb", "caf\u00e9", "\U0001f680"])
def test_no_message_can_steer_the_terminal_that_a_receipt_is_printed_on(receipts: FileReceipts, text: str) -> None:
    receipts.write(replace(RECEIPT, message=text))
    content = (receipts.directory / "17.json").read_bytes()
    assert not set(content) - {ord("\n"), *range(0x20, 0x7F)}
    assert json.loads(content)["message"] == text


def test_a_directory_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        FileReceipts(tmp_path / "file" / "receipts").write(RECEIPT)


def test_the_group_of_a_shared_state_directory_is_handed_down(receipts: FileReceipts) -> None:
    state = receipts.directory.parent
    state.mkdir(mode=0o750)
    state.chmod(0o2750)
    receipts.write(RECEIPT)
    assert mode_of(receipts.directory) & 0o7777 == 0o2750
