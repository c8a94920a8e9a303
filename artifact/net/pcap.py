# SPDX-License-Identifier: GPL-2.0-only
"""Write captures that tcpdump, tshark and scapy open.

Format: the pcap file format as pcap-savefile(5) describes it, nanosecond variant, Ethernet.
"""

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from artifact.errors import ArtifactError
from artifact.paths import shown

NANOSECOND_MAGIC = 0xA1B23C4D
VERSION = (2, 4)
SNAPLEN = 262144
LINKTYPE_ETHERNET = 1
NS = 1_000_000_000


class Capture:
    """A capture file that is open for writing; each frame reaches the file at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("wb", buffering=0)
        except OSError as error:
            raise ArtifactError(f"cannot write {shown(path)}: {error.strerror}") from error
        header = (NANOSECOND_MAGIC, *VERSION, 0, 0, SNAPLEN, LINKTYPE_ETHERNET)
        self._write(struct.pack("<IHHiIII", *header))

    def add(self, frame: bytes, when_ns: int) -> None:
        """Append a frame seen at `when_ns` (nanoseconds since the epoch)."""
        head = struct.pack("<IIII", when_ns // NS, when_ns % NS, len(frame), len(frame))
        self._write(head + frame)

    def _write(self, octets: bytes) -> None:
        try:
            whole = self._file.write(octets) == len(octets)
            reason = "no space left on the device"
        except OSError as error:
            whole, reason = False, str(error.strerror)
        if not whole:
            why = f"cannot write {shown(self.path)}: {reason}"
            raise ArtifactError(why, "free some space and run again")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> "Capture":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
