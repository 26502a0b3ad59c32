// SPDX-License-Identifier: Apache-2.0
#include "flow/client_link.hpp"

#include <array>

#include "base/cleanse.hpp"

namespace siltgate::flow {
namespace {
constexpr std::size_t early_input_bound = 64 * 1024;
constexpr std::size_t read_size = 64 * 1024;
}  // namespace

/// Lets a wait that ends late see that its ClientLink is gone.
struct ClientLink::Link {
  ClientLink* owner;
};

ClientLink::ClientLink(net::Connection connection, asio::any_io_executor executor)
    : watch_(executor), connection_(std::move(connection)), arrived_(executor), link_(std::make_shared<Link>(Link{this})) {}

ClientLink::~ClientLink() {
  link_->owner = nullptr;
  cleanse(input_);
}

void ClientLink::arm() {
  if (armed_) return;
  armed_ = true;
  connection_.socket().async_wait(net::Socket::wait_read, [link = link_](const ErrorCode& error) {
    if (link->owner) link->owner->readable(error);
  });
}

void ClientLink::readable(const ErrorCode& error) {
  armed_ = false;
  if (error) return;
  if (guarding_) return take_early_input();
  arrived_.notify();
}

net::Io ClientLink::read_now() {
  // On the stack, so that a connection at rest holds no buffer; not cleared before, as that would cost more than the read.
  std::array<char, read_size> buffer;
  net::Io io = connection_.try_read(buffer);
  append_cleansing(input_, {buffer.data(), io.bytes});
  OPENSSL_cleanse(buffer.data(), io.bytes);
  return io;
}

void ClientLink::take_early_input() {
  net::Io io = read_now();
  if (io.status == net::Io::Status::broken && net::says_dead(io.error)) return lose();
  if (io.status == net::Io::Status::closed || io.status == net::Io::Status::broken) return watch_.raise(net::Wake::client_left);
  if (input_.size() < early_input_bound) arm();
}

Task<Result<std::size_t>> ClientLink::read_more(Phase phase, std::span<char> room) {
  for (;;) {
    if (!armed_) {
      net::Io io = room.empty() ? read_now() : connection_.try_read(room);
      if (io.status == net::Io::Status::ok) co_return io.bytes;
      if (io.status != net::Io::Status::wants_read) co_return connection_.failure_of(io, phase);
      arm();
    }
    bool notified = co_await arrived_.wait(watch_);
    if (!notified) co_return connection_.failure_of(watch_, phase);
  }
}

void ClientLink::consume(std::size_t bytes) {
  if (bytes == input_.size()) {
    cleanse(input_);  // a head holds the client's key, and may have stood further back before
    std::string().swap(input_);
    return;
  }
  OPENSSL_cleanse(input_.data(), bytes);
  input_.erase(0, bytes);
}

bool ClientLink::unheard_for(Duration bound) {
  const auto info = connection_.tcp_info();
  const auto patience = info ? net::patience_with(*info, bound) : std::nullopt;
  return patience && *patience == Duration::zero();
}

void ClientLink::lose() {
  lost_ = true;
  watch_.raise(net::Wake::client_left);
}

void ClientLink::guard(bool on) {
  guarding_ = on;
  if (on && input_.size() < early_input_bound) arm();
}

}  // namespace siltgate::flow
