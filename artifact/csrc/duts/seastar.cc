// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seastar's native network stack as a device under test: one shard, one link.
 * Its one setting is version=TEXT.
 *
 * The stack makes its own device, on a tap with vhost-net. create_virtio_net_
 * device() is defined here a second time, and the linker told to take the
 * first definition it meets: the device is a read and a write instead. All
 * above it is the library's.
 */
#include <arpa/inet.h>

#include <memory>
#include <string>
#include <vector>

#include <seastar/core/app-template.hh>
#include <seastar/core/future-util.hh>
#include <seastar/core/internal/pollable_fd.hh>
#include <seastar/core/posix.hh>
#include <seastar/core/reactor.hh>
#include <seastar/net/api.hh>
#include <seastar/net/net.hh>
#include <seastar/net/virtio.hh>

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

static struct dut dut;

namespace seastar
{
std::unique_ptr<net::device>
create_virtio_net_device(const net::virtio_options &,
			 const program_options::value<std::string> &)
{
	return std::make_unique<tap_device>(dut.link[0]);
}
} // namespace seastar

static std::string dotted(uint32_t address)
{
	char text[INET_ADDRSTRLEN];

	return inet_ntop(AF_INET, &address, text, sizeof(text));
}

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
	const char *version = "Seastar";
	app_template app;

	dut = dut_parse(argc, argv);
	for (char **setting = dut.settings; *setting; setting++)
		if (!strncmp(*setting, "version=", 8))
			version = *setting + 8;
	std::vector<std::string> words{
		argv[0],
		"--smp=1",
		"--memory=64M",
		"--reactor-backend=epoll",
		"--overprovisioned",
		"--default-log-level=warn",
		"--network-stack=native",
		"--dhcp=0",
		"--host-ipv4-addr=" + dotted(dut.link[0].address),
		"--netmask-ipv4-addr=" + dotted(dut.link[0].mask),
		"--gw-ipv4-addr=" + dotted(dut.gateway),
	};
	std::vector<char *> options;

	for (auto &word : words)
		options.push_back(word.data());
	return app.run(static_cast<int>(options.size()), options.data(),
		       [version] {
			       auto channel = make_bound_datagram_channel(
				       ipv4_addr{ DUT_ECHO_PORT });

			       dut_ready(version);
			       return serve(std::move(channel));
		       });
}
