# SPDX-License-Identifier: GPL-2.0-only
"""One file over HTTP, resumed where it stopped (RFC 9110 section 14) and verified by SHA-256."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from artifact import ui
from artifact.errors import ArtifactError

CHUNK = 500_000
TIMEOUT_S = 60.0


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _open(url: str, offset: int) -> http.client.HTTPResponse | None:
    """Ask for everything from `offset` on; None when the server says that nothing is left."""
    request = urllib.request.Request(url)
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise ArtifactError(
            f"{url}: the server answers {error.code} {error.reason}", "check the address"
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ArtifactError(f"{url}: {reason}", "check the address and the network") from error
    if not isinstance(response, http.client.HTTPResponse):
        raise ArtifactError(f"{url}: not an http address", "use http:// or https://")
    return response


def _copy(response: http.client.HTTPResponse, sink: BinaryIO, title: str, offset: int) -> None:
    length = response.length
    whole = None if length is None else round((offset + length) / 1e6)
    with ui.progress(title, whole) as bar:
        bar.advance(round(offset / 1e6), "MB")
        while chunk := response.read(CHUNK):
            sink.write(chunk)
            bar.advance(len(chunk) / 1e6, "MB")
    if response.length:  # what http.client still waits for when the peer has closed
        raise http.client.IncompleteRead(b"", response.length)


def _receive(url: str, part: Path) -> None:
    offset = part.stat().st_size if part.exists() else 0
    response = _open(url, offset)
    if response is None:
        return
    with response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        try:
            with part.open("ab" if resumed else "wb") as sink:
                _copy(response, sink, f"download {part.stem}", offset if resumed else 0)
        except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
            have = part.stat().st_size
            raise ArtifactError(
                f"{url}: the transfer stopped after {have} bytes", "run again: it resumes there"
            ) from error
        except OSError as error:
            raise ArtifactError(f"cannot write {part}: {error.strerror}", "free space") from error


def fetch(url: str, sha256: str, target: Path) -> Path:
    """Bring `url` to `target` unless it is there; returns `target`.

    What arrived so far is kept as `<target>.part`. A file whose digest is wrong is removed.
    """
    if target.is_file() and digest(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    _receive(url, part)
    found = digest(part)
    if found != sha256:
        part.unlink()
        raise ArtifactError(
            f"{url}: SHA-256 is {found}, expected {sha256}; the file was removed",
            "run again, or use another mirror (--url)",
        )
    part.replace(target)
    return target
