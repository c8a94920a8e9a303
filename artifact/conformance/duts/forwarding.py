# SPDX-License-Identifier: GPL-2.0-only
"""Forwarding between two interfaces as RFC 1812 describes it: part of the mutant DUT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact.conformance import octets as o
from artifact.conformance.duts import options

if TYPE_CHECKING:
    from artifact.conformance.duts.interface import Arrival
    from artifact.conformance.duts.responder import Responder


def forward(stack: Responder, came: Arrival, datagram: o.Ip) -> None:
    """Send a datagram on that is for somebody else, or say why not."""
    if _refused(stack, came, datagram):
        return
    if datagram.raw[8] <= 1 and "forward-ttl-1" not in stack.faults:
        if "forward-silent" not in stack.faults:
            stack.icmp.error(11, 0, bytes(4), came, datagram)
        return
    out, hop = stack.output.route(datagram.dst)
    if out == came.number and "redirect-none" not in stack.faults:
        stack.icmp.error(5, 1, hop, came, datagram)
    send_on(stack, came, datagram, stack.interfaces[out].mtu)


def _refused(stack: Responder, came: Arrival, datagram: o.Ip) -> bool:
    """RFC 1812 5.3.4 (link broadcasts), 5.3.7 (martians), 4.2.2.11 (broadcasts)."""
    if "forward-none" in stack.faults:
        return True
    group = came.frame.dst[0] & 1 == 1 and "forward-link-broadcast" not in stack.faults
    martian = _martian(datagram) and "forward-martians" not in stack.faults
    everywhere = datagram.dst == o.LIMITED_BROADCAST and "forward-broadcast" not in stack.faults
    return group or martian or everywhere


def _martian(datagram: o.Ip) -> bool:
    if datagram.dst == o.LIMITED_BROADCAST:
        return False
    first = {datagram.src[0], datagram.dst[0]}
    return bool(first & {0, 127}) or max(first) >= 224


def send_on(stack: Responder, came: Arrival, datagram: o.Ip, mtu: int) -> None:
    """One hop further: TTL, record route, and fragments where the next link is smaller."""
    head = bytearray(datagram.header)
    if "forward-ttl-kept" not in stack.faults:
        head[8] = max(head[8] - 1, 0)
    header = _recorded(stack, bytes(head), datagram)
    whole = o.Ip(stack.output.summed(header) + datagram.data)
    dont = o.u16(whole.raw, 6) & o.DF
    if len(whole.raw) <= mtu:
        stack.output.hand_over(whole.raw, datagram.dst)
    elif dont and "forward-ignores-df" not in stack.faults:
        known = 0 if "forward-no-mtu" in stack.faults else mtu
        stack.icmp.error(3, 4, o.pair(0, known), came, datagram)
    elif "forward-no-fragments" not in stack.faults:
        room = (mtu - len(whole.header)) // 8 * 8
        for piece in o.fragments(whole.raw, *range(room, len(whole.data), room)):
            stack.output.hand_over(piece, datagram.dst)


def _recorded(stack: Responder, header: bytes, datagram: o.Ip) -> bytes:
    """RFC 1812 4.2.2.6: the address of the interface it leaves through."""
    list_ = options.parse(datagram.options)
    if "forward-not-recorded" in stack.faults or not list_.find(options.ROUTE):
        return header
    own = stack.interfaces[stack.output.route(datagram.dst)[0]].ip
    kept = (
        options.recorded(option, own) if option[0] == options.ROUTE else option
        for option in list_.each
    )
    return options.with_options(header, b"".join(kept))


def follow(stack: Responder, came: Arrival, datagram: o.Ip, option: bytes) -> None:
    """RFC 791 3.1: the next address of a source route becomes the destination, our own takes
    its place.
    """
    at = option[2] - 1
    hop = option[at : at + 4]
    own = stack.interfaces[stack.output.route(hop)[0]].ip
    kept = own if "route-not-updated" not in stack.faults else hop
    fresh = option[:2] + bytes((option[2] + 4,)) + option[3:at] + kept + option[at + 4 :]
    others = [fresh if each == option else each for each in options.parse(datagram.options).each]
    head = options.with_options(datagram.header, b"".join(others))
    changed = head[:16] + hop + head[20:]
    forward(stack, came, o.Ip(stack.output.summed(changed) + datagram.data))
