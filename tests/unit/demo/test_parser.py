"""The incremental request parser."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.demo.app.parser import LARGEST_BODY, LARGEST_HEAD, RequestParser
from console.demo.app.request import BadRequestError, Request

GET = b"GET /slow?s=2&x HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-two: 2\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;ext=1\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0\r\nTrailer: x\r\n\r\n"
)
STREAM = GET + POST + CHUNKED + GET


def requests_of(parser: RequestParser) -> list[Request]:
    found = []
    while (request := parser.take()) is not None:
        found.append(request)
    return found


def refusal(raw: bytes) -> int:
    parser = RequestParser()
    parser.feed(raw)
    with pytest.raises(BadRequestError) as caught:
        requests_of(parser)
    return caught.value.status


def test_a_get_is_understood() -> None:
    parser = RequestParser()
    parser.feed(GET)
    (request,) = requests_of(parser)
    head = request.head
    assert (head.method, head.path, head.query, head.keep_alive) == ("GET", "/slow", "s=2&x", True)
    assert head.headers["x-two"] == "1, 2"
    assert request.body == b""
    assert parser.empty


def test_bodies_are_read_by_length_and_in_chunks() -> None:
    parser = RequestParser()
    parser.feed(POST + CHUNKED)
    assert [request.body for request in requests_of(parser)] == [b"hello", b"hello world"]


@given(st.lists(st.integers(min_value=1, max_value=len(STREAM)), max_size=40))
def test_how_the_bytes_are_cut_makes_no_difference(cuts: list[int]) -> None:
    parser = RequestParser()
    found = []
    begin = 0
    for end in [*sorted(cuts), len(STREAM)]:
        parser.feed(STREAM[begin:end])
        found.extend(requests_of(parser))
        begin = end
    assert [(request.head.path, request.body) for request in found] == [
        ("/slow", b""),
        ("/echo", b"hello"),
        ("/echo", b"hello world"),
        ("/slow", b""),
    ]
    assert parser.empty


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waited_for_and_never_breaks_the_parser(raw: bytes) -> None:
    parser = RequestParser()
    parser.feed(raw)
    with contextlib.suppress(BadRequestError):
        # What is left after all complete requests is the beginning of one at most.
        requests_of(parser)
        assert parser.take() is None


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBroken\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\r\nX: y\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (LARGEST_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * LARGEST_HEAD, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, 400),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(raw: bytes, status: int) -> None:
    assert refusal(raw) == status


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.1", "Connection: foo, Close\r\n", False),
        ("1.0", "", False),
        ("1.0", "Connection: Keep-Alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_client_asks(version: str, connection: str, kept: bool) -> None:  # noqa: FBT001
    parser = RequestParser()
    parser.feed(f"GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n".encode())
    (request,) = requests_of(parser)
    assert request.head.keep_alive is kept


def test_a_client_that_waits_for_100_continue_is_told_once() -> None:
    parser = RequestParser()
    parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert parser.take() is None
    assert parser.take_continue()
    assert not parser.take_continue()
    parser.feed(b"ok")
    (request,) = requests_of(parser)
    assert request.body == b"ok"


def test_the_absolute_form_of_a_target_is_understood() -> None:
    parser = RequestParser()
    parser.feed(b"GET http://a.example/ready?x=1 HTTP/1.1\r\nHost: a.example\r\n\r\n")
    (request,) = requests_of(parser)
    assert (request.head.path, request.head.query) == ("/ready", "x=1")


def test_numbers_of_the_query_are_clamped_and_default_when_they_are_none() -> None:
    parser = RequestParser()
    parser.feed(b"GET /?a=7&b=x&c=1e9&d=-3&e=nan HTTP/1.1\r\nHost: a\r\n\r\n")
    head = requests_of(parser)[0].head
    assert [head.number(name, 2.0, highest=10.0) for name in "abcdef"] == [7.0, 2.0, 10.0, 0.0, 2.0, 2.0]
