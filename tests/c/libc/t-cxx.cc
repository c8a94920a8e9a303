// SPDX-License-Identifier: GPL-2.0-only
// The C++ library on this C library: exceptions, threads, streams, and unwinding
// through a signal frame and through a shared object's frames.
#include "tap.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{
int alive;

struct Counted {
	Counted()
	{
		alive++;
	}
	~Counted()
	{
		alive--;
	}
};

[[gnu::noinline]] int deep(int n)
{
	Counted here;

	if (!n)
		throw std::runtime_error("the bottom");
	return deep(n - 1) + alive;
}

void exceptions()
{
	int caught = 0;

	for (int i = 0; i < 100; i++) {
		try {
			deep(50);
		} catch (const std::exception &e) {
			caught += e.what() == std::string("the bottom");
		}
	}
	EQ(caught, 100);
	EQ(alive, 0);
	try {
		try {
			throw 5;
		} catch (int) {
			throw;
		}
	} catch (...) {
		caught = 1;
	}
	EQ(caught, 1);
	try {
		(void)std::vector<int>().at(3);
	} catch (const std::out_of_range &) {
		caught = 2;
	}
	EQ(caught, 2);
}

void through_algorithms()
{
	std::vector<int> v{ 5, 3, 9, 1 };
	bool caught = false;

	try {
		std::sort(v.begin(), v.end(), [](int a, int b) {
			if (a == 9 || b == 9)
				throw std::string("nine");
			return a < b;
		});
	} catch (const std::string &s) {
		caught = s == "nine";
	}
	OK(caught);
}

[[noreturn]] void throw_from_handler(int number)
{
	throw number;
}

// Compiled with -fnon-call-exceptions: a fault is thrown at its instruction, and
// the unwinder comes through the frame that the kernel made.
[[gnu::noinline]] int load(volatile int *p)
{
	Counted here;

	return *p;
}

void out_of_a_signal_frame()
{
	struct sigaction action {};
	int caught = 0;

	action.sa_handler = throw_from_handler;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGSEGV, &action, nullptr);
	for (int i = 0; i < 3; i++) {
		try {
			load(reinterpret_cast<int *>(8 + i));
		} catch (int number) {
			caught += number == SIGSEGV;
		}
	}
	EQ(caught, 3);
	EQ(alive, 0);
	signal(SIGSEGV, SIG_DFL);
}

std::atomic<int> gone;

struct Goodbye {
	int value = 1;
	~Goodbye()
	{
		gone += value;
	}
};

thread_local Goodbye goodbye;

void threads()
{
	std::vector<std::thread> all;
	std::mutex lock;
	std::condition_variable changed;
	long sum = 0;
	int ready = 0;

	for (int i = 1; i <= 8; i++)
		all.emplace_back([&, i] {
			goodbye.value = i;
			std::unique_lock<std::mutex> held(lock);
			sum += i;
			ready++;
			changed.notify_all();
			changed.wait(held, [&] { return ready == 8; });
		});
	for (auto &t : all)
		t.join();
	EQ(sum, 36);
	EQ(gone, 36); // destructors of thread_local objects
	auto later = std::async(std::launch::async, [] { (void)deep(3); });
	try {
		later.get();
		OK(false);
	} catch (const std::runtime_error &e) {
		OK(!strcmp(e.what(), "the bottom"));
	}
	std::timed_mutex slow;
	slow.lock();
	std::thread([&] {
		OK(!slow.try_lock_for(std::chrono::milliseconds(20)));
	}).join();
	slow.unlock();
	std::once_flag once;
	int runs = 0;
	std::call_once(once, [&] { runs++; });
	std::call_once(once, [&] { runs++; });
	EQ(runs, 1);
	OK(std::thread::hardware_concurrency() > 0);
}

void streams()
{
	std::ostringstream out;
	std::string word, line;
	double x = 0;

	out << std::hex << 255 << ' ' << std::fixed << std::setprecision(2)
	    << 3.14159 << ' ' << std::boolalpha << true;
	OK(out.str() == "ff 3.14 true");
	std::istringstream in("7.5 seven\nlast line");
	in >> x >> word;
	std::getline(in, line);
	std::getline(in, line);
	OK(x == 7.5 && word == "seven" && line == "last line");
	std::cout << "# through std::cout " << 1 << std::endl;
	std::cerr << "# through std::cerr\n";
	namespace fs = std::filesystem;
	fs::path dir = fs::temp_directory_path() / "t-cxx";
	fs::remove_all(dir);
	OK(fs::create_directories(dir / "a" / "b"));
	std::ofstream(dir / "a" / "file") << "text " << 42;
	std::ifstream file(dir / "a" / "file");
	int number = 0;
	file >> word >> number;
	OK(word == "text" && number == 42);
	EQ(fs::file_size(dir / "a" / "file"), 7);
	EQ(std::distance(fs::recursive_directory_iterator(dir),
			 fs::recursive_directory_iterator()),
	   3);
	EQ(fs::remove_all(dir), 4);
	std::error_code error;
	OK(fs::file_size("/no/such/file", error) == static_cast<uintmax_t>(-1));
	OK(error == std::errc::no_such_file_or_directory);
}

void library()
{
	using clock = std::chrono::steady_clock;
	std::map<std::string, int> words{ { "one", 1 }, { "two", 2 } };
	auto shared = std::make_shared<Counted>();
	std::weak_ptr<Counted> weak = shared;
	auto begin = clock::now();

	EQ(words.at("two"), 2);
	EQ(shared.use_count(), 1);
	shared.reset();
	OK(weak.expired() && !alive);
	std::this_thread::sleep_for(std::chrono::milliseconds(5));
	OK(clock::now() - begin >= std::chrono::milliseconds(5));
	std::random_device random;
	OK(random() != random() || random() != random());
	OK(std::stod("2.5") == 2.5 && std::to_string(12) == "12");
	bool caught = false;
	try {
		(void)std::stoi("none");
	} catch (const std::invalid_argument &) {
		caught = true;
	}
	OK(caught);
	try {
		std::locale("no-such-locale");
		OK(false);
	} catch (const std::runtime_error &) {
		OK(true);
	}
}
} // namespace

int main()
{
	exceptions();
	through_algorithms();
	out_of_a_signal_frame();
	threads();
	streams();
	library();
	return tap_done();
}
