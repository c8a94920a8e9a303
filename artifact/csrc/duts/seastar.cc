// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seastar's native network stack as a device under test: one shard, one link.
 * The words are those of dut.h and come in the environment variable UK_DUT,
 * because Seastar takes the command line for itself.
 *
 * Its own tap device needs vhost-net; this one is a read and a write.
 */
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <seastar/core/app-template.hh>
#include <seastar/core/future-util.hh>
#include <seastar/core/internal/pollable_fd.hh>
#include <seastar/core/posix.hh>
#include <seastar/core/reactor.hh>
#include <seastar/core/sleep.hh>
#include <seastar/net/api.hh>
#include <seastar/net/ip.hh>
#include <seastar/net/native-stack.hh>
#include <seastar/net/net.hh>

#include "dut.h"

using namespace seastar;

class tap_queue : public net::qp
{
      public:
	tap_queue(net::device *device, int fd)
		: _device(device), _fd(fd),
		  _readable(file_desc::from_fd(dup(fd)))
	{
	}

	void rx_start() override
	{
		// The loop ends with the program.
		(void)keep_doing([this] {
			return _readable.read_some(_frame, sizeof(_frame))
				.then([this](size_t got) {
					_device->l2receive(
						net::packet(_frame, got));
				});
		});
	}

	future<> send(net::packet p) override
	{
		p.linearize();
		// A tap takes a frame at once or drops it.
		if (::write(_fd, p.frag(0).base, p.frag(0).size) < 0)
			std::perror("seastar: write");
		return make_ready_future<>();
	}

      private:
	net::device *_device;
	int _fd;
	pollable_fd _readable;
	char _frame[DUT_FRAME_MAX];
};

class tap_device : public net::device
{
      public:
	explicit tap_device(const struct dut_link &link) : _link(link)
	{
	}

	net::ethernet_address hw_address() override
	{
		net::ethernet_address mac;

		std::copy(_link.mac, _link.mac + DUT_MAC_LEN, mac.mac.begin());
		return mac;
	}

	net::hw_features hw_features() override
	{
		net::hw_features none;

		none.mtu = static_cast<uint16_t>(_link.mtu);
		return none;
	}

	std::unique_ptr<net::qp>
	init_local_queue(const program_options::option_group &,
			 uint16_t) override
	{
		return std::make_unique<tap_queue>(this, _link.fd);
	}

      private:
	struct dut_link _link;
};

static net::ipv4_address address_of(uint32_t address)
{
	return net::ipv4_address(ntohl(address));
}

static struct dut words()
{
	static std::vector<std::string> word{ "seastar" };
	static std::vector<char *> argv;
	const char *given = std::getenv("UK_DUT");
	std::istringstream stream(given ? given : "");

	for (std::string next; stream >> next;)
		word.push_back(next);
	for (auto &text : word)
		argv.push_back(text.data());
	argv.push_back(nullptr);
	return dut_parse(static_cast<int>(word.size()), argv.data());
}

struct host {
	explicit host(const struct dut &dut)
		: device(std::make_shared<tap_device>(dut.link[0]))
	{
		auto queue = device->init_local_queue(options, 0);

		queue->configure_proxies({ { 0, 1.0f } });
		device->set_local_queue(std::move(queue));
		netif = std::make_unique<net::interface>(device);
		inet = std::make_unique<net::ipv4>(netif.get());
		inet->set_host_address(address_of(dut.link[0].address));
		inet->set_netmask_address(address_of(dut.link[0].mask));
		inet->set_gw_address(address_of(dut.gateway));
		device->local_queue().rx_start();
	}

	net::native_stack_options options;
	std::shared_ptr<tap_device> device;
	std::unique_ptr<net::interface> netif;
	std::unique_ptr<net::ipv4> inet;
};

static future<> serve(net::udp_channel channel)
{
	return do_with(std::move(channel), [](net::udp_channel &channel) {
		return keep_doing([&channel] {
			return channel.receive().then(
				[&channel](net::datagram datagram) {
					return channel.send(
						datagram.get_src(),
						std::move(datagram.get_data()));
				});
		});
	});
}

int main(int argc, char **argv)
{
	app_template app;
	struct dut dut = words();
	const char *version = "Seastar";

	for (char **setting = dut.settings; *setting; setting++)
		if (!strncmp(*setting, "version=", 8))
			version = *setting + 8;
	return app.run(argc, argv, [&dut, version] {
		return do_with(host(dut), [version](host &host) {
			auto channel = host.inet->get_udp().make_channel(
				ipv4_addr{ DUT_ECHO_PORT });

			dut_ready(version);
			return serve(std::move(channel));
		});
	});
}
