// SPDX-License-Identifier: Apache-2.0
#include "support/far_network.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

namespace siltgate::test {
namespace {

bool ip(const std::string& words) { return std::system(("ip " + words + " >/dev/null 2>&1").c_str()) == 0; }

/// Has this machine an address in it? A test that was killed leaves its network behind.
bool taken(const std::string& subnet) { return std::system(("ip -o addr show to " + subnet + ".0/24 2>/dev/null | grep -q .").c_str()) == 0; }

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void enter(const Descriptor& network) {
  if (::setns(network.get(), CLONE_NEWNET) != 0) throw NotPermitted("not run: entering a network namespace is not permitted");
}

}  // namespace

FarNetwork::FarNetwork() {
  static int made = 0;
  const int number = made++;
  const int own = static_cast<int>(::getpid()) % 10000;
  name_ = fmt::format("siltgate-{}-{}", own, number);
  near_link_ = fmt::format("sgn{}x{}", own, number);
  far_link_ = fmt::format("sgf{}x{}", own, number);
  std::string subnet;
  for (int tried = 0; tried == 0 || (tried < 250 && taken(subnet)); ++tried)
    subnet = fmt::format("198.18.{}", (own + number * 37 + tried) % 250);  // for tests alone (RFC 2544)
  address_ = subnet + ".2";
  const bool there = ip("netns add " + name_) && ip(fmt::format("link add {} type veth peer name {} netns {}", near_link_, far_link_, name_)) &&
                     ip(fmt::format("addr add {}.1/24 dev {}", subnet, near_link_)) && ip("link set " + near_link_ + " up") &&
                     ip(fmt::format("-n {} addr add {}/24 dev {}", name_, address_, far_link_)) &&
                     ip(fmt::format("-n {} link set {} up", name_, far_link_)) && ip(fmt::format("-n {} link set lo up", name_));
  if (there) return;
  ip("netns del " + name_);
  throw NotPermitted("not run: network namespaces are not permitted here (root and iproute2 are needed)");
}

FarNetwork::~FarNetwork() {
  ip("link del " + near_link_);
  ip("netns del " + name_);
}

void FarNetwork::there(const std::function<void()>& work) const {
  const Descriptor here("/proc/thread-self/ns/net");
  enter(Descriptor("/run/netns/" + name_));
  try {
    work();
  } catch (...) {
    enter(here);
    throw;
  }
  enter(here);
}

void FarNetwork::forget_connections() {
  std::vector<unsigned> ports;
  there([&] {
    std::ifstream table("/proc/thread-self/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {  // "  0: 020C12C6:1F90 010C12C6:D431 01 …": established, as its last number says
      unsigned port = 0, state = 0;
      if (std::sscanf(line.c_str(), " %*[^:]: %*[^:]:%*x %*[^:]:%x %x", &port, &state) == 2 && state == 1) ports.push_back(port);
    }
  });
  // What is meant for this machine is looked up first of all: our rules go before that.
  ip(fmt::format("-n {} rule add pref 10 lookup local", name_));
  ip(fmt::format("-n {} rule del pref 0", name_));
  for (unsigned port : ports)
    if (forgotten_.insert(port).second && !ip(fmt::format("-n {} rule add pref 1 iif {} ipproto tcp sport {} blackhole", name_, far_link_, port)))
      throw NotPermitted("not run: this kernel has no rules by port");
}

void FarNetwork::cut() { ip(fmt::format("-n {} link set {} down", name_, far_link_)); }

}  // namespace siltgate::test
