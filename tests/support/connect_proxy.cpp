// SPDX-License-Identifier: Apache-2.0
#include "support/connect_proxy.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <poll.h>

#include "http/forward.hpp"

namespace siltgate::test {
namespace {

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                             reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";

}  // namespace

ConnectProxy::ConnectProxy(std::uint16_t upstream_port, ConnectProxyOptions options)
    : upstream_port_(upstream_port), options_(std::move(options)), acceptor_([this] { accept_all(); }) {}

ConnectProxy::~ConnectProxy() {
  stop_.raise();
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

std::string ConnectProxy::url() const { return fmt::format("http://127.0.0.1:{}", port()); }

std::vector<std::string> ConnectProxy::heads() const {
  std::lock_guard lock(mutex_);
  return heads_;
}

int ConnectProxy::tunnels() const {
  std::lock_guard lock(mutex_);
  return tunnels_;
}

void ConnectProxy::accept_all() {
  for (int fd = listener_.accept(stop_.fd()); fd >= 0; fd = listener_.accept(stop_.fd()))
    threads_.emplace_back([this, fd] { serve(fd); });
}

std::string ConnectProxy::answer_to(const std::string& head) const {
  auto refusal = [](int status) {
    return fmt::format("HTTP/1.1 {} refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
  };
  if (head.substr(0, 8) != "CONNECT ") return refusal(400);
  if (options_.refuse_with != 0) return refusal(options_.refuse_with);
  bool known = options_.credentials.empty() ||
               head.find("Proxy-Authorization: Basic " + base64(options_.credentials) + "\r\n") != head.npos;
  return known ? std::string(established) : refusal(407);
}

void ConnectProxy::serve(int fd) {
  Wire client(fd, stop_.fd());
  std::string buffer;
  while (buffer.find("\r\n\r\n") == buffer.npos)
    if (client.read(buffer, soon()) != End::open) return;
  auto head = buffer.substr(0, buffer.find("\r\n\r\n") + 4);
  auto answer = answer_to(head);
  {
    std::lock_guard lock(mutex_);
    heads_.push_back(head);
    tunnels_ += answer == established ? 1 : 0;
  }
  if (client.write(answer, soon()) != End::open || answer != established) return;
  Wire upstream = Wire::connect(upstream_port_, stop_.fd());
  upstream.write(std::string_view(buffer).substr(head.size()), soon());
  relay(client, upstream);
}

/// Bytes both ways until either side ends; the end is passed on as FIN or RST.
void ConnectProxy::relay(Wire& client, Wire& upstream) {
  for (;;) {
    pollfd waited[3] = {{client.fd(), POLLIN, 0}, {upstream.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
    if (::poll(waited, 3, -1) <= 0 || waited[2].revents != 0) return;
    for (int side = 0; side < 2; ++side) {
      if (waited[side].revents == 0) continue;
      Wire& from = side == 0 ? client : upstream;
      Wire& to = side == 0 ? upstream : client;
      std::string bytes;
      End end = from.read(bytes, soon());
      if (end == End::reset) to.reset();
      if (end != End::open || to.write(bytes, soon()) != End::open) return;
    }
  }
}

}  // namespace siltgate::test
