// SPDX-License-Identifier: GPL-2.0-only

// gVisor's network stack as a device under test, without the rest of gVisor. The words are those
// of dut.h; its one setting is forwarding=1. What is not said here is as the library has it;
// runsc configures the same library for containers.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const (
	echoPort     = 7
	largestFrame = 65536
)

func die(format string, words ...any) {
	fmt.Fprintf(os.Stderr, "gvisor: "+format+"\n", words...)
	os.Exit(1)
}

func address(text string) tcpip.Address {
	parsed := net.ParseIP(text).To4()
	if parsed == nil {
		die("no IPv4 address: %s", text)
	}
	return tcpip.Address(parsed)
}

// WHERE,MAC,ADDRESS/PREFIX,MTU
func addLink(s *stack.Stack, id tcpip.NICID, words string) tcpip.Route {
	part := strings.Split(words, ",")
	if len(part) != 4 {
		die("no link: %s", words)
	}
	fd, wrongFd := strconv.Atoi(part[0])
	mac, wrongMac := net.ParseMAC(part[1])
	ip, subnet, wrongNet := net.ParseCIDR(part[2])
	mtu, wrongMtu := strconv.Atoi(part[3])
	for _, wrong := range []error{wrongFd, wrongMac, wrongNet, wrongMtu} {
		if wrong != nil {
			die("link %s: %v", words, wrong)
		}
	}
	end, err := fdbased.New(&fdbased.Options{
		FDs:            []int{fd},
		MTU:            uint32(mtu),
		EthernetHeader: true,
		Address:        tcpip.LinkAddress(mac),
		ClosedFunc:     func(tcpip.Error) { os.Exit(0) },
	})
	if err != nil {
		die("link %s: %v", words, err)
	}
	if err := s.CreateNIC(id, end); err != nil {
		die("interface %d: %v", id, err)
	}
	prefix, _ := subnet.Mask.Size()
	given := tcpip.ProtocolAddress{
		Protocol: ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{
			Address: address(ip.String()), PrefixLen: prefix,
		},
	}
	if err := s.AddProtocolAddress(id, given, stack.AddressProperties{}); err != nil {
		die("address of interface %d: %v", id, err)
	}
	return tcpip.Route{Destination: given.AddressWithPrefix.Subnet(), NIC: id}
}

func serve(s *stack.Stack) {
	local := tcpip.FullAddress{Port: echoPort}
	conn, err := gonet.DialUDP(s, &local, nil, ipv4.ProtocolNumber)
	if err != nil {
		die("UDP echo: %v", err)
	}
	data := make([]byte, largestFrame)
	for {
		got, peer, err := conn.ReadFrom(data)
		if err != nil {
			die("UDP echo: %v", err)
		}
		// A peer that cannot be reached is not the service's business.
		conn.WriteTo(data[:got], peer)
	}
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: gvisor GATEWAY LINK [LINK] [KEY=VALUE ...]")
		os.Exit(2)
	}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{icmp.NewProtocol4, udp.NewProtocol},
	})
	routes := []tcpip.Route{}
	version := "unknown"
	for _, word := range os.Args[2:] {
		key, value, isSetting := strings.Cut(word, "=")
		switch {
		case !isSetting:
			routes = append(routes, addLink(s, tcpip.NICID(len(routes)+1), word))
		case key == "version":
			version = value
		case word == "forwarding=1":
			if err := s.SetForwardingDefaultAndAllNICs(ipv4.ProtocolNumber, true); err != nil {
				die("forwarding: %v", err)
			}
		default:
			die("unknown setting %s", word)
		}
	}
	routes = append(routes, tcpip.Route{
		Destination: header.IPv4EmptySubnet, Gateway: address(os.Args[1]), NIC: 1,
	})
	s.SetRouteTable(routes)
	fmt.Println("ready", version)
	serve(s)
}
