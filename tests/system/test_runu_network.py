# SPDX-License-Identifier: GPL-2.0-only
"""What an engine put into a network namespace: its name server, and interfaces for one container.

Docker has its name server on a loopback address. Here are two that we know everything about: one on
127.0.0.11 of the container's network namespace, one on the other end of its link.
"""

import os
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.dns import DNS, DNSRR

from artifact.net import interfaces, netns
from artifact.net.interfaces import End
from tests.system.oci.bundle import Container, Done, Workshop, edited, mount, standard_mounts
from tests.system.runu import workshop

pytestmark = pytest.mark.system

LOOKUP = Path(__file__).parents[1] / "c" / "runu" / "lookup.c"
ENGINE, OUTSIDE, OURS = "127.0.0.11", "10.77.0.1", "10.77.0.2"
INSIDE_NAMES = {b"other.test.": "10.77.0.3"}
OUTSIDE_NAMES = {b"far.test.": "192.0.2.7", b"other.test.": "192.0.2.66"}


def answer(query: bytes, names: Mapping[bytes, str]) -> bytes | None:
    """The reply to a query, or None: for names that it does not know it is silent."""
    asked = DNS(query)
    name = asked.qd[0].qname
    if name not in names:
        return None
    record = DNSRR(rrname=name, type="A", ttl=1, rdata=names[name])
    return bytes(DNS(id=asked.id, qr=1, ra=1, qd=asked.qd, an=[record]))


@contextmanager
def name_server(where: netns.Namespace, address: str, names: Mapping[bytes, str]) -> Iterator[None]:
    """Answers on UDP port 53 of that address."""
    with where.entered():
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        here.bind((address, 53))
    stop_reading, stop = os.pipe()

    def serve() -> None:
        while stop_reading not in select.select([here, stop_reading], [], [])[0]:
            query, asker = here.recvfrom(4096)
            if (reply := answer(query, names)) is not None:
                here.sendto(reply, asker)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        os.close(stop)
        thread.join()
        os.close(stop_reading)
        here.close()


@dataclass(frozen=True)
class Place:
    """A container's network namespace and the one at the other end of its link."""

    shop: Workshop
    inside: netns.Namespace
    outside: netns.Namespace

    def container(self, *args: str, annotations: Mapping[str, str]) -> Container:
        """One in this network namespace."""
        namespace = {"type": "network", "path": f"/proc/{os.getpid()}/fd/{self.inside.fileno()}"}
        others = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]
        edit: dict[str, Any] = {
            "linux": {"namespaces": [*others, namespace]},
            "annotations": {f"org.ukontainer.{name}": value for name, value in annotations.items()},
        }
        return self.shop.container(*args, edit=edit)

    def look_up(self, *names: str, server: str = ENGINE, dns: str = OUTSIDE) -> Done:
        """What a program in a container finds."""
        made = self.container("/bin/lookup", *names, annotations={"dns": dns})
        file = made.bundle / "resolv.conf"
        file.write_text(f"nameserver {server}\noptions timeout:1 attempts:2\n")
        shown = mount("/etc/resolv.conf", "bind", "bind", source=file)
        made.write(edited(made.config, {"mounts": [*standard_mounts(), shown]}))
        return made.run()


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    with workshop(LOOKUP) as made:
        yield made


@pytest.fixture
def place(shop: Workshop) -> Iterator[Place]:
    with netns.namespace() as inside, netns.namespace() as outside:
        ours = End(inside, "eth0", "02:42:0a:4d:00:02")
        theirs = End(outside, "peer", "02:42:0a:4d:00:01")
        interfaces.make_veth(ours, theirs)
        interfaces.set_up(inside, "lo")
        interfaces.add_address(inside, "eth0", OURS, 24)
        interfaces.add_address(outside, "peer", OUTSIDE, 24)
        yield Place(shop, inside, outside)


@pytest.fixture
def engine(place: Place) -> Iterator[None]:
    with name_server(place.inside, ENGINE, INSIDE_NAMES):
        yield


@pytest.fixture
def beyond(place: Place) -> Iterator[None]:
    with name_server(place.outside, OUTSIDE, OUTSIDE_NAMES):
        yield


@pytest.mark.usefixtures("engine", "beyond")
def test_the_engine_answers_first_and_others_when_it_is_silent(place: Place) -> None:
    done = place.look_up("other.test", "far.test", "other.test").good()
    assert done.out.splitlines() == [
        "other.test 10.77.0.3",
        "far.test 192.0.2.7",
        "other.test 10.77.0.3",
    ]


@pytest.mark.usefixtures("beyond")
def test_without_an_engine_s_server_others_answer(place: Place) -> None:
    assert place.look_up("far.test").good().out == "far.test 192.0.2.7\n"


@pytest.mark.usefixtures("engine")
def test_nobody_knows(place: Place) -> None:
    done = place.look_up("absent.test", "other.test").good()
    assert done.out.splitlines() == ["absent.test Try again", "other.test 10.77.0.3"]


@pytest.mark.usefixtures("engine", "beyond")
def test_an_ordinary_name_server_is_left_alone(place: Place) -> None:
    done = place.look_up("other.test", server=OUTSIDE).good()
    assert done.out == "other.test 192.0.2.66\n"


def test_bad_addresses_are_refused(place: Place) -> None:
    place.look_up("x.test", dns="10.77.0.1,nonsense").refused("dns: nonsense", "IPv4")


def test_a_second_container_in_the_namespace_is_refused(place: Place) -> None:
    first = place.container("/bin/lookup", annotations={})
    first.create().good()
    second = place.container("/bin/lookup", annotations={})
    second.run().refused("another container of runu", "network of its own")
    place.container("/bin/lookup", annotations={"net": "none"}).run().good()
    first.call("delete", "--force").good()
    # Its interface has no address any more, as after any container of ours.
    second.run().good()
