from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.load.answer import Answer, attribution
from console.load.response import BadResponseError, ResponseReader, ResponseRules
from console.model.load import UNKNOWN, LoadConfig

CONFIG = LoadConfig(url="http://127.0.0.1/", rate=1)
JSON_CONFIG = LoadConfig(url="http://127.0.0.1/", rate=1, release_from="json:build.version")


def rules(config: LoadConfig = CONFIG, *, head_only: bool = False) -> ResponseRules:
    return ResponseRules(attribution(config), head_only=head_only)


def read(data: bytes, shared: ResponseRules, cuts: tuple[int, ...] = ()) -> Answer | None:
    """Feed the bytes in pieces; the answer, or None when it is not complete. Raises `BadResponseError`."""
    reader = ResponseReader(shared)
    buffer = bytearray(65_536)
    view = memoryview(buffer)
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(data)}), len(data)]
    answer = None
    for start, end in pairwise(edges):
        if answer is not None:
            # The connection judges this: it is idle by then, and brings bytes that nobody asked for.
            if data[start:].strip(b"\r\n"):
                raise BadResponseError("bytes after the end of the answer")
            return answer
        buffer[: end - start] = data[start:end]
        answer = reader.receive(buffer, view, end - start)
    return answer if answer is not None else reader.end()


def outcome(data: bytes, shared: ResponseRules, cuts: tuple[int, ...] = ()) -> tuple[object, ...]:
    try:
        answer = read(data, shared, cuts)
    except BadResponseError:
        return ("bad",)
    return ("incomplete",) if answer is None else (answer.status, answer.reusable, answer.origin)


GOOD = {
    "content length": (
        b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\n\r\n"
        b"5\r\nhello\r\n3;ext=1\r\nyou\r\n0\r\n\r\n"
    ),
    "chunked with a trailer": (
        b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhi\r\n0\r\nX-Rollout-Release: liar\r\n\r\n"
    ),
    "no content": b"HTTP/1.1 204 No Content\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\n\r\n",
    "not modified, which may announce a body that never comes": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\n\r\n"
    ),
    "informational answers first": (
        b"HTTP/1.1 103 Early Hints\r\nX-Rollout-Release: early\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\nContent-Length: 2\r\n\r\nhi"
    ),
    "names in any case": (
        b"HTTP/1.1 200 OK\r\nx-ROLLOUT-release: v1\r\nx-rollout-color: blue\r\ncontent-LENGTH: 0\r\n\r\n"
    ),
    "empty lines before the answer": (
        b"\r\n\r\nHTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\nContent-Length: 1\r\n\r\nx"
    ),
    "an upgrade that is only offered": (
        b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nContent-Length: 1\r\n"
        b"X-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\n\r\nx"
    ),
}
BAD = {
    "no number for a status": b"HTTP/1.1 abc OK\r\n\r\n",
    "not HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n",
    "another version": b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a length that overflows": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "a chunk size that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "two answers": GOOD["content length"] * 2,
    "an answer and rubbish": GOOD["content length"] + b"rubbish",
    "two answers without bodies": GOOD["no content"] * 2,
    "bytes after a closing answer": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nxy",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 66_000,
}


@pytest.mark.parametrize("name", GOOD)
@given(cuts=st.lists(st.integers(1, 200), max_size=6).map(tuple), again=st.integers(0, 2))
def test_a_good_answer_is_read_however_it_is_cut_and_whether_or_not_its_head_is_known(
    name: str,
    cuts: tuple[int, ...],
    again: int,
) -> None:
    shared = rules()
    for _ in range(again):
        read(GOOD[name], shared)
    answer = read(GOOD[name], shared, cuts)
    assert answer is not None
    assert answer.origin == ("v1", "blue")
    assert answer.reusable


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_one_answer_is_refused(name: str) -> None:
    shared = rules()
    for known in ("no content", "content length"):
        for _ in range(2):
            read(GOOD[known], shared)
    with pytest.raises(BadResponseError):
        read(BAD[name], shared, tuple(range(60_000, len(BAD[name]), 60_000)))


@pytest.mark.parametrize(
    "name", sorted(set(GOOD) - {"no content", "not modified, which may announce a body that never comes"})
)
def test_every_proper_beginning_of_an_answer_is_incomplete(name: str) -> None:
    shared = rules()
    read(GOOD[name], shared)
    ends = {outcome(GOOD[name][:end], shared) for end in range(1, len(GOOD[name]))}
    assert ends == {("incomplete",)}


def test_a_body_that_only_the_end_of_the_connection_ends_is_complete_there() -> None:
    answer = read(b"HTTP/1.1 200 OK\r\n\r\nhello", rules(), (30,))
    assert answer is not None
    assert not answer.reusable


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("again", [0, 2])
def test_an_answer_that_is_cut_off_is_still_of_the_release_that_its_head_names(framing: bytes, again: int) -> None:
    shared = rules()
    head = b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v2\r\n" + framing + b"\r\n\r\n"
    for _ in range(again):
        read(head + (b"hello" if b"Length" in framing else b"0\r\n\r\n"), shared)
    reader, data = ResponseReader(shared), bytearray(head + b"2\r\n")
    assert reader.receive(data, memoryview(data), len(data)) is None
    assert reader.end() is None
    assert reader.origin_so_far == ("v2", "")


@pytest.mark.parametrize("status", [b"000", b"099"])
def test_a_number_below_100_is_no_status_and_no_sign_of_an_answer_to_come(status: bytes) -> None:
    with pytest.raises(BadResponseError, match="status"):
        read(b"HTTP/1.1 " + status + b" What\r\nContent-Length: 2\r\n\r\nhi", rules())


def test_http_1_0_is_not_kept_alive() -> None:
    answer = read(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", rules())
    assert answer is not None
    assert not answer.reusable


def test_an_answer_without_a_name_is_unknown() -> None:
    answer = read(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", rules())
    assert answer is not None
    assert answer.origin == (UNKNOWN, "")


@pytest.mark.parametrize("length", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_the_answer_to_head_ends_with_its_head(length: bytes) -> None:
    shared = rules(head_only=True)
    data = b"HTTP/1.1 200 OK\r\n" + length + b"\r\n"
    for _ in range(2):
        answer = read(data, shared)
        assert answer is not None
        assert answer.status == 200


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: foo\r\nConnection: close\r\nContent-Length: 5\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
        (b"HTTP/1.1 103 Early Hints\r\nConnection: keep-alive\r\n\r\nHTTP/1.0 200 OK\r\n", False),
    ],
)
def test_the_answer_to_head_keeps_the_connection_unless_it_says_otherwise(head: bytes, kept: bool) -> None:  # noqa: FBT001 - expected
    shared = rules(head_only=True)
    for cuts in ((), (), (10, 30, 40)):
        answer = read(head + b"\r\n", shared, cuts)
        assert answer is not None
        assert answer.reusable is kept


@pytest.mark.parametrize("body", [b"", b"hello", b"x" * 70_000])
@pytest.mark.parametrize("cuts", [(), (30_000,), (65_535,), (65_536,), (65_537,), (1, 65_000, 66_000)])
@pytest.mark.parametrize("early", [b"", b"HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n"])
def test_a_head_may_have_so_many_bytes_and_no_more_however_it_is_cut(
    body: bytes, cuts: tuple[int, ...], early: bytes
) -> None:
    start = early + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Filler: " % len(body)
    for excess, expected in ((0, 200), (1, "bad")):
        filler = b"x" * (65_536 - len(start) - 4 + excess)
        data = start + filler + b"\r\n\r\n" + body
        reader, buffer = ResponseReader(rules()), bytearray(262_144)
        edges = [0, *(cut for cut in cuts if cut < len(data)), len(data)]
        found: object = "incomplete"
        try:
            for first, last in pairwise(edges):
                buffer[: last - first] = data[first:last]
                answer = reader.receive(buffer, memoryview(buffer), last - first)
                found = answer.status if answer else found
        except BadResponseError:
            found = "bad"
        assert found == expected


def test_the_last_chunk_after_the_answer_to_head_is_refused_whether_or_not_the_head_is_known() -> None:
    shared = rules(head_only=True)
    for _ in range(3):
        with pytest.raises(BadResponseError):
            read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", shared)


def test_a_body_after_the_answer_to_head_is_refused() -> None:
    shared = rules(head_only=True)
    for _ in range(2):
        assert outcome(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", shared) == ("bad",)
        read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", shared)


@pytest.mark.parametrize(
    ("body", "release"),
    [
        (b'{"build": {"version": "v7"}}', "v7"),
        (b'{"build": {"version": 7}}', "7"),
        (b'{"build": "v7"}', UNKNOWN),
        (b'{"build": {"version": null}}', UNKNOWN),
        (b"[" * 5000, UNKNOWN),
        (b"not json", UNKNOWN),
        (b'{"build": {"version": "\\u001b[31mred\\u0000"}}', "[31mred"),
    ],
)
def test_the_release_may_be_in_a_json_field(body: bytes, release: str) -> None:
    shared = rules(JSON_CONFIG)
    data = b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    for _ in range(2):
        answer = read(data, shared, (50,))
        assert answer is not None
        assert answer.origin[0] == release


def test_a_release_changes_with_the_head_also_when_the_heads_before_are_known() -> None:
    shared = rules()
    seen = []
    for version in (b"v1", b"v2", b"v1", b"v3"):
        answer = read(GOOD["content length"].replace(b"v1", version), shared)
        assert answer is not None
        seen.append(answer.origin[0])
    assert seen == ["v1", "v2", "v1", "v3"]


def test_an_answer_as_long_as_the_last_one_is_told_from_it() -> None:
    shared = rules()
    usual, other, cut = GOOD["content length"], GOOD["content length"].replace(b"v1", b"v2"), b"HTTP/1.1 200 OK\r\n"
    for _ in range(3):
        read(usual, shared)
    assert outcome(other, shared) == outcome(other, rules())
    assert outcome(cut.ljust(len(usual), b"x"), shared) == ("incomplete",)
    assert outcome(usual, shared) == outcome(usual, rules())


def test_heads_that_never_repeat_cost_no_memory() -> None:
    shared = rules()
    for number in range(5000):
        read(b"HTTP/1.1 200 OK\r\nX-Request-Id: %d\r\nContent-Length: 0\r\n\r\n" % number, shared)
    assert len(shared.heads) <= 256


LINES = (
    b"HTTP/1.1 200 OK\r\n|HTTP/1.1 204 X\r\n|HTTP/1.1 100 C\r\n\r\n|HTTP/1.0 500 E\r\n|HTTP/1.1 101 S\r\n|"
    b"Content-Length: 5\r\n|Content-Length: 0\r\n|Transfer-Encoding: chunked\r\n|Connection: close\r\n|Upgrade: x\r\n|"
    b"X-Rollout-Release: v1\r\n|\r\n|hello|5\r\nhello\r\n|0\r\n\r\n|\x00\xff|\n| "
)
pieces = st.sampled_from(LINES.split(b"|"))
garbage = st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=12).map(b"".join))


@settings(max_examples=600)
@given(data=garbage, head_only=st.booleans())
def test_whatever_comes_is_an_answer_or_incomplete_or_refused_and_a_known_head_changes_nothing(
    data: bytes,
    head_only: bool,  # noqa: FBT001 - drawn
) -> None:
    fresh = outcome(data, rules(head_only=head_only))
    assert fresh[0] in {"bad", "incomplete"} or 200 <= int(str(fresh[0])) <= 999
    knowing = rules(head_only=head_only)
    for _ in range(3):  # once its head is new, once it is known, and then the whole answer is the usual one
        assert outcome(data, knowing) == fresh


@settings(max_examples=600)
@given(data=garbage, cuts=st.lists(st.integers(1, 150), max_size=8).map(tuple))
def test_however_it_is_cut_it_is_judged_the_same(data: bytes, cuts: tuple[int, ...]) -> None:
    assert outcome(data, rules(), cuts) == outcome(data, rules())
