// SPDX-License-Identifier: Apache-2.0
#include "support/dropping_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace siltgate::test {

DroppingProxy::DroppingProxy(std::uint16_t target) : target_(target), acceptor_([this] { accept_all(); }) {}

DroppingProxy::~DroppingProxy() {
  stop_.raise();
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

void DroppingProxy::heal() {
  ++age_;
  cut_ = false;
}

void DroppingProxy::accept_all() {
  for (;;) {
    const int fd = listener_.accept(stop_.fd());
    if (fd < 0) return;
    std::lock_guard lock(mutex_);
    threads_.emplace_back([this, fd] { relay(fd); });
  }
}

void DroppingProxy::relay(int fd) {
  Wire client(fd);
  try {
    pass(client);
  } catch (const std::exception&) {
    // Nobody listens there: the client finds its connection closed.
  }
}

void DroppingProxy::pass(Wire& client) {
  const int age = age_;
  bool dead = cut_;
  Wire server = Wire::connect(target_);
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    std::array<pollfd, 3> ready{{{client.fd(), POLLIN, 0}, {server.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    dead = dead || cut_;
    ::poll(ready.data(), ready.size(), 10);  // looks at the cut now and then
    if (ready[2].revents != 0 || age_ != age) return;
    for (int side : {0, 1}) {
      if (ready[side].revents == 0 || dead) continue;
      const ssize_t n = ::recv(ready[side].fd, buffer.data(), buffer.size(), 0);
      if (n <= 0) return;
      if (cut_) continue;  // lost on the way
      Wire& other = side == 0 ? server : client;
      other.write({buffer.data(), static_cast<std::size_t>(n)}, soon());
    }
    if (dead) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace siltgate::test
