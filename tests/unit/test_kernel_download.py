# SPDX-License-Identifier: GPL-2.0-only
"""Downloads against a real HTTP server on loopback: resume, verification, clear errors."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.kernel import download

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(BODY).hexdigest()


class Mirror(ThreadingHTTPServer):
    """Serves BODY; `cut` ends a transfer after that many bytes, `ranges` honours Range."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cut: int | None = None
        self.ranges = True
        self.body = BODY
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/linux.tar.xz"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        if self.path != "/linux.tar.xz":
            self.send_error(404)
            return
        wanted = self.headers["Range"]
        self.server.asked.append(wanted)
        start = 0
        if wanted and self.server.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(self.server.body):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        rest = self.server.body[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.server.cut])

    def log_message(self, format: str, *args: object) -> None:
        """The test's output is not the place for access logs."""


@contextmanager
def serving() -> Iterator[Mirror]:
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as server:
        yield server


def test_an_interrupted_transfer_resumes_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    target = tmp_path / "linux.tar.xz"
    mirror.cut = 400_000
    with pytest.raises(ArtifactError, match="stopped after 400000 bytes; run again"):
        download.fetch(mirror.url, SHA256, target)
    assert not target.exists()
    mirror.cut = None
    assert download.fetch(mirror.url, SHA256, target).read_bytes() == BODY
    assert mirror.asked == [None, "bytes=400000-"]
    assert [*tmp_path.iterdir()] == [target]


def test_a_server_without_ranges_starts_over(mirror: Mirror, tmp_path: Path) -> None:
    target = tmp_path / "linux.tar.xz"
    target.with_name("linux.tar.xz.part").write_bytes(b"x" * 100)
    mirror.ranges = False
    assert download.fetch(mirror.url, SHA256, target).read_bytes() == BODY


def test_a_complete_part_needs_no_bytes(mirror: Mirror, tmp_path: Path) -> None:
    target = tmp_path / "linux.tar.xz"
    target.with_name("linux.tar.xz.part").write_bytes(BODY)
    assert download.fetch(mirror.url, SHA256, target).read_bytes() == BODY


def test_a_file_that_is_here_is_not_asked_for(mirror: Mirror, tmp_path: Path) -> None:
    target = tmp_path / "linux.tar.xz"
    target.write_bytes(BODY)
    download.fetch(mirror.url, SHA256, target)
    assert mirror.asked == []


def test_a_wrong_digest_is_one_error_and_the_file_goes(mirror: Mirror, tmp_path: Path) -> None:
    mirror.body = BODY[:-1] + b"!"
    with pytest.raises(ArtifactError, match=rf"SHA-256 is [0-9a-f]+, expected {SHA256}") as caught:
        download.fetch(mirror.url, SHA256, tmp_path / "linux.tar.xz")
    assert "\n" not in str(caught.value)
    assert [*tmp_path.iterdir()] == []


def test_broken_mirrors_are_one_clear_line(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="answers 404"):
        download.fetch(mirror.url + "x", SHA256, tmp_path / "x")
    with pytest.raises(ArtifactError, match="check the address"):
        download.fetch("htp:/nowhere", SHA256, tmp_path / "x")
    with serving() as gone:
        url = gone.url
    with pytest.raises(ArtifactError, match="refused"):
        download.fetch(url, SHA256, tmp_path / "x")
