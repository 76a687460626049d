"""What the dense client sends, seen by uvicorn: bodies, queries, headers; and what it reads."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.dense import DenseResponse
from loadtests.dense.bodies import body_of
from loadtests.dense.counters import counters_of
from loadtests.dense.decoding import decoded
from loadtests.dense.outgoing import target_of
from tests.loadtests.conftest import NAME
from tests.loadtests.visitors import Subject, answering, bad_server, plain, user_of, users_leave


@pytest.fixture(autouse=True)
def _users_leave() -> Iterator[None]:
    yield
    users_leave()


@pytest.fixture
def user(mirror: int) -> Subject:
    return user_of(plain(mirror))[0]


def seen(response: DenseResponse) -> dict[str, Any]:
    assert response.ok, response.error
    found: dict[str, Any] = response.json()
    return found


def test_a_form(user: Subject) -> None:
    told = seen(user.client.post("/form", {"name": "苏州", "subject": ["a", "b"]}))
    assert told["form"] == [["name", "苏州"], ["subject", "a"], ["subject", "b"]]
    assert seen(user.client.post("/form", data=[("a", "1"), ("a", "2")]))["form"] == [
        ["a", "1"],
        ["a", "2"],
    ]


def test_files_and_a_form_beside_them(user: Subject) -> None:
    opened = io.BytesIO(b"opened")
    opened.name = "folder/opened.txt"
    files = {
        "plain": "content",
        "named": ("作业.pdf", b"%PDF", "application/pdf"),
        "opened": opened,
    }
    told = seen(user.client.post("/form", data={"course": 7}, files=files))
    assert told["form"] == [
        ["course", "7"],
        ["plain", ["plain", "content", "application/octet-stream"]],
        ["named", ["作业.pdf", "%PDF", "application/pdf"]],
        ["opened", ["opened.txt", "opened", "text/plain"]],
    ]
    with pytest.raises(TypeError, match="form"):
        user.client.post("/form", data=b"raw", files=files)


def test_json_says_so_and_asks_for_it(user: Subject) -> None:
    told = seen(user.client.put("/", json=[1]))
    assert (told["body"], told["headers"]["content-type"]) == ("[1]", "application/json")
    assert told["headers"]["accept"] == "application/json"
    own = seen(user.client.post("/", json={}, headers={"content-type": "text/x", "ACCEPT": "*/*"}))
    assert own["pairs"].count(["content-type", "text/x"]) == 1
    assert [value for name, value in own["pairs"] if name == "accept"] == ["*/*"]


@pytest.mark.parametrize("kept", [True, False])
def test_a_body_of_unknown_length_goes_in_chunks(
    user: Subject,
    kept: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    if kept:
        assert user.client.get("/").ok
    pieces = (piece for piece in (b"one ", "two ", b"", b"x" * 100_000))
    told = seen(user.client.post("/", data=pieces))
    assert told["body"] == "one two " + "x" * 100_000
    assert told["headers"]["transfer-encoding"] == "chunked"
    assert "content-length" not in told["headers"]
    assert seen(user.client.put("/", data=io.StringIO("from a file")))["body"] == "from a file"
    assert counters_of(user.environment).connected == 1


def test_queries_and_paths_are_quoted_once(user: Subject) -> None:
    told = seen(user.client.get("/a b/城", params={"q": "一 &", "list": [1, 2], "none": None}))
    assert told["path"] == "/a b/城"
    assert told["query"] == "q=%E4%B8%80+%26&list=1&list=2"
    assert seen(user.client.get("/a%20b?x=1#part", params={"y": "2"}))["query"] == "x=1&y=2"
    assert seen(user.client.get("?z", params="raw=1"))["query"] == "z&raw=1"
    assert seen(user.client.get("", params={}))["path"] == "/"


@given(
    path=st.text("/a.~-_?=&0", max_size=12).map(lambda text: f"/{text}"),
    base=st.sampled_from(["https://a.example", "http://a.example:81/under", "http://[::1]:8080/é"]),
)
def test_a_plain_path_and_its_absolute_url_are_one_target(path: str, base: str) -> None:
    assert target_of("GET", path, base) == target_of("GET", base + path, base)


def test_absolute_urls_of_home_use_the_kept_connection(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    user.client.authorize("secret")
    assert user.client.get("/").ok
    told = seen(user.client.get(f"http://{NAME}:{mirror}/absolute"))
    assert (told["path"], told["headers"]["authorization"]) == ("/absolute", "Bearer secret")
    assert counters_of(user.environment).connected == 1
    assert events[1]["url"] == f"http://{NAME}:{mirror}/absolute"
    assert events[0]["url"] == f"http://{NAME}:{mirror}/"


def test_headers_of_the_class_of_the_request_and_none(mirror: int) -> None:
    user, _ = user_of(plain(mirror), default_headers={"User-Agent": "school", "X-Class": "3"})
    told = seen(user.client.get("/", headers={"x-class": "4", "Accept-Encoding": None}))
    assert told["headers"]["user-agent"] == "school"
    assert [value for name, value in told["pairs"] if name == "x-class"] == ["4"]
    assert "accept-encoding" not in told["headers"]
    assert seen(user.client.get("/"))["headers"]["x-class"] == "3"
    assert seen(user.client.get("/", headers={"Host": "other"}))["pairs"].count(["host", "other"])


def test_basic_authentication(mirror: int) -> None:
    user, _ = user_of(plain(mirror), host="http://a:b%40c@ignored/base/")
    told = seen(user.client.get("/x"))
    assert (told["headers"]["authorization"], told["path"]) == ("Basic YTpiQGM=", "/base/x")
    user.client.authorize("token")
    own = seen(user.client.get("/", auth=("张", "p")))
    assert [value for name, value in own["pairs"] if name == "authorization"] == ["Basic 5bygOnA="]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw-deflate", "br", "br, gzip"])
@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_coded_bodies_are_decoded(user: Subject, coding: str, size: int) -> None:
    response = user.client.get("/coded", params={"coding": coding, "size": str(size)})
    assert (response.ok, len(response.content), response.length) == (True, size, size)
    assert response.bytes_received < size or size < 300_000
    counted = user.client.get("/coded", params={"coding": coding, "size": size}, discard=True)
    assert counted.ok
    assert counted.length < 2000
    assert user.client.head("/coded", params={"coding": coding, "size": size}).ok


def test_gzip_may_have_members_and_codings_may_pile_up() -> None:
    members = gzip.compress(b"one ") + gzip.compress(b"two")
    assert decoded(members, "x-gzip") == b"one two"
    piled = brotli.compress(gzip.compress(zlib.compress(b"deep")))
    assert decoded(piled, "deflate, GZIP,br, identity") == b"deep"


def test_the_text_is_in_the_encoding_that_is_named(user: Subject) -> None:
    assert user.client.get("/text", params={"charset": "gb18030"}).text == "江苏"
    assert user.client.get("/text", params={"charset": "utf-8"}).text == "江苏"
    unnamed = user.client.get("/text", params={"charset": "gb18030", "silent": "1"})
    assert unnamed.text != "江苏"
    unnamed.encoding = "gb18030"
    assert unnamed.text == "江苏"


def test_headers_of_a_response_are_found_in_any_case(user: Subject) -> None:
    response = user.client.get("/text", params={"charset": "utf-8"})
    assert response.headers["Content-Type"] == response.headers["content-type"]
    assert response.headers.get("missing") is None
    assert sorted(response.headers) == sorted({name.lower() for name in response.headers})
    assert 0 < response.elapsed.total_seconds() < 1


def test_a_streamed_body_is_not_kept(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    response = user.client.get(
        "/coded", params={"coding": "identity", "size": 3_000_000}, stream=True
    )
    assert (response.status_code, response.body) == (200, b"")
    assert (
        sum(len(piece) for piece in response.iter_content(8192, decode_content=False)) == 3_000_000
    )
    assert (response.body, response.error) == (b"", None)
    assert user.client.get("/").ok
    counters = counters_of(user.environment)
    assert (counters.connected, counters.in_flight, len(events)) == (1, 0, 2)
    assert counters.bytes_received > 3_000_000
    read = user.client.get("/coded", params={"coding": "identity", "size": 9}, stream=True)
    assert len(read.content) == 9
    assert events[-1]["response_length"] == 9


def test_lines_of_a_streamed_body(user: Subject) -> None:
    assert list(user.client.iter_lines("/lines")) == ["一", "two", "", "three"]


def test_a_stream_that_is_left_is_closed_and_one_that_breaks_says_so(mirror: int) -> None:
    user, _ = user_of(plain(mirror))
    big = {"coding": "identity", "size": 3_000_000}
    response = user.client.get("/coded", params=big, stream=True)
    assert next(response.iter_content())
    del response
    assert user.client.get("/").ok
    assert counters_of(user.environment).connected == 1
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    with bad_server(answering(half)) as endpoint:
        user, events = user_of(endpoint)
        with user.client.get("/", stream=True, catch_response=True) as response:
            assert response.ok
            assert response.content == b"half"
        assert str(events[0]["exception"]) == "response cut short"
        assert counters_of(user.environment).connected == 0


def test_bodies_that_mean_nothing() -> None:
    assert body_of(None, None, None).content == b""
    assert body_of(b"", None, None).media_type is None
    assert json.loads(bytes(body_of("", {"a": 1}, None).content)) == {"a": 1}
