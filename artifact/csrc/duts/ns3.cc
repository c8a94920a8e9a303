// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ns-3 network simulator's internet stack as a device under test: one
 * node, in real time, its devices on the links. Its one setting is version=TEXT.
 * Checksums are on (the simulator leaves them out otherwise) and a node
 * forwards unless told not to, which is ns-3's default.
 */
#include <ns3/arp-l3-protocol.h>
#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/fd-net-device.h>
#include <ns3/global-value.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/ipv4.h>
#include <ns3/mac48-address.h>
#include <ns3/node.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/traffic-control-helper.h>
#include <ns3/udp-echo-helper.h>

#include "dut.h"

using namespace ns3;

static Ipv4Address address_of(uint32_t address)
{
	return Ipv4Address::Deserialize(
		reinterpret_cast<const uint8_t *>(&address));
}

static void add_link(Ptr<Node> node, const struct dut_link &link)
{
	Ptr<FdNetDevice> device = CreateObject<FdNetDevice>();
	Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
	Mac48Address mac;
	uint32_t number;

	mac.CopyFrom(link.mac);
	device->SetAddress(mac);
	device->SetEncapsulationMode(FdNetDevice::DIX);
	device->SetMtu(static_cast<uint16_t>(link.mtu));
	node->AddDevice(device);
	device->SetFileDescriptor(link.fd);
	number = ipv4->AddInterface(device);
	ipv4->AddAddress(
		number,
		Ipv4InterfaceAddress(address_of(link.address),
				     Ipv4Mask(address_of(link.mask).Get())));
	ipv4->SetMetric(number, 1);
	ipv4->SetUp(number);
	device->Start(Seconds(0));
}

static void ready(const char *version)
{
	dut_ready(version);
}

int main(int argc, char **argv)
{
	struct dut dut = dut_parse(argc, argv);
	const char *version = "ns-3";
	InternetStackHelper internet;
	Ipv4StaticRoutingHelper routing;
	UdpEchoServerHelper echo(DUT_ECHO_PORT);
	Ptr<Node> node;

	for (char **setting = dut.settings; *setting; setting++)
		if (!strncmp(*setting, "version=", 8))
			version = *setting + 8;
	GlobalValue::Bind("SimulatorImplementationType",
			  StringValue("ns3::RealtimeSimulatorImpl"));
	GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
	node = CreateObject<Node>();
	internet.SetIpv6StackInstall(false);
	internet.Install(node);
	for (int i = 0; i < dut.links; i++)
		add_link(node, dut.link[i]);
	routing.GetStaticRouting(node->GetObject<Ipv4>())
		->SetDefaultRoute(address_of(dut.gateway), 1);
	echo.Install(node).Start(Seconds(0));
	Simulator::Schedule(MilliSeconds(100), &ready, version);
	Simulator::Run();
	Simulator::Destroy();
	return 0;
}
