# SPDX-License-Identifier: GPL-2.0-only
"""An open black-box conformance suite for ARP, IPv4 and ICMPv4.

The tester owns no address and no stack: it plays every station itself over one link, compares
raw octets, and never looks into the device under test (DUT).
"""
