"""A locustfile written for FastHttpUser, run by Locust itself with both base classes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.loadtests.conftest import HOST, ROOT, running

LOCUSTFILE = """
from locust import FastHttpUser, SequentialTaskSet, between, constant, events, task
from locust.exception import StopUser

seen = []


class School(SequentialTaskSet):
    def on_start(self):
        self.client.get("/cookies", params={"cookie": "session=1; Path=/"}, name="log in")
        self.client.get("/go?to=/home", name="go home")

    @task
    def bodies(self):
        self.client.post("/form", {"name": "value", "city": "苏州"})
        self.client.post("/form", data={"a": "1"}, files={"f": ("a.txt", "text", "text/plain")})
        self.client.post("/homework", json={"course": 7, "text": "春眠不觉晓"})
        self.client.put("/raw", "some text")
        self.client.put("/raw", data=b"some bytes")
        self.client.patch("/typed", data="{}", headers={"Content-Type": "application/json"})
        self.client.delete("/thing/1")
        self.client.options("/thing/1")
        self.client.head("/thing/1")

    @task
    def answers(self):
        for number in range(3):
            page = self.client.get(f"/page/{number}?x=a b", name="/page/[n]")
            self.note(page.json()["path"], page.status_code, page.ok, page.headers["Content-Type"])
        coded = self.client.get("/coded?coding=gzip&size=5000", headers={"X-School": "3"})
        self.note(len(coded.content), coded.elapsed is not None)
        self.note(self.client.get("/text?charset=gb18030").text)
        self.note(self.client.get(f"{self.user.host}/absolute").json()["path"])
        self.client.get("/basic", auth=("user", "password"))
        left = self.client.get("/go?to=/nowhere", allow_redirects=False)
        self.note(left.status_code, left.headers["location"])
        streamed = self.client.get("/coded?coding=identity&size=30000", stream=True, name="stream")
        self.note(sum(len(piece) for piece in streamed.iter_content(decode_content=False)))
        self.note(*self.client.iter_lines("/lines"))

    @task
    def verdicts(self):
        self.note(self.client.get("/missing?status=404").status_code)
        self.client.get("/broken?status=503", name="broken")
        with self.client.get("/missing?status=404", catch_response=True, name="caught") as response:
            if response.status_code == 404:
                response.success()
        with self.client.get("/x", catch_response=True, name="wrong") as response:
            if "unheard" not in response.text:
                response.failure("not what I wanted")
        with self.client.get("/x", catch_response=True, name="before") as response:
            response.request_meta["name"] = "after"
        with self.client.rename_request("group"):
            self.client.get("/1")
            self.client.get("/2")
        with self.user.rest("POST", "/rest", json={"a": 1}) as response:
            self.note(response.js["method"])
        with self.user.rest("GET", "/text?charset=utf-8", name="no JSON"):
            pass
        self.client.get("http://127.41.3.3:1/", name="refused")
        self.client.cookiejar.clear()

    @task
    def leave(self):
        self.client.post("/seen", json=seen)
        raise StopUser

    def note(self, *things):
        seen.append(things)


class Visitor(FastHttpUser):
    tasks = [School]
    wait_time = constant(0)
    default_headers = {"X-Class": "5", "User-Agent": "school"}
    connection_timeout = 5.0
    network_timeout = 5.0


@events.request.add_listener
def check(request_type, name, response_time, response_length, response, context, exception,
          start_time, url, **rest):
    assert response_time >= 0 and start_time > 0 and url.startswith("http") and not rest
"""
THEIRS = "from locust import FastHttpUser,"
OURS = "from loadtests.dense import DenseUser\nfrom locust import"


def ran(folder: Path, text: str, port: int) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Requests, failures and sum of lengths by method and name, as Locust itself reports them."""
    file = folder / "locustfile.py"
    file.write_text(text, "utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--json"]
    command += [
        "-u",
        "1",
        "-t",
        "3",
        "--host",
        f"http://{HOST}:{port}",
        "--exit-code-on-error",
        "0",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=True, timeout=60, text=True
    )
    assert "Traceback" not in finished.stderr, finished.stderr
    return {
        (entry["method"], entry["name"].replace(str(port), "PORT")): (
            entry["num_requests"],
            entry["num_failures"],
            entry["total_content_length"],
        )
        for entry in json.loads(finished.stdout)
    }


def log_of(port: int) -> list[dict[str, Any]]:
    """What the server saw, without what says nothing: who asked, and how JSON is spaced."""
    with urlopen(f"http://{HOST}:{port}/log") as answer:
        log: list[dict[str, Any]] = json.loads(answer.read().replace(str(port).encode(), b"PORT"))
    return [_said(request) for request in log if request["path"] != "/log"]


def _said(request: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name: value
        for name, value in request.pop("pairs", [])
        if (name, value) != ("accept", "*/*")
        and name not in {"content-length", "connection", "accept-encoding"}
    }
    if "json" in headers.get("content-type", "") and request["body"]:
        request["body"] = json.loads(request["body"].encode("latin-1"))
    return {**request, "headers": headers}


@pytest.mark.slow
def test_only_the_base_class_changes(tmp_path: Path) -> None:
    ours = LOCUSTFILE.replace(THEIRS, OURS).replace("(FastHttpUser)", "(DenseUser)")
    assert "FastHttpUser" not in ours
    with running("tests.loadtests.mirror", "brief") as port:
        expected, log_expected = ran(tmp_path, LOCUSTFILE, port), log_of(port)
    with running("tests.loadtests.mirror", "brief") as port:
        found, log_found = ran(tmp_path, ours, port), log_of(port)
    for before, after in zip(log_expected, log_found, strict=True):
        assert after == before
    assert found == expected
    assert ("POST", "/seen") in found
    assert len(log_found) == 27
