// SPDX-License-Identifier: Apache-2.0
#include "net/send_guard.hpp"

namespace siltgate::net {

struct SendGuard::Link {
  SendGuard* owner;
};

SendGuard::SendGuard(Connection& connection)
    : connection_(connection), timer_(connection.socket().get_executor()), link_(std::make_shared<Link>(Link{this})) {
  look_in(acknowledged_within);
}

SendGuard::~SendGuard() { link_->owner = nullptr; }

void SendGuard::look_in(Duration pause) {
  timer_.expires_after(pause);
  timer_.async_wait([link = link_](const ErrorCode& error) {
    if (!error && link->owner) link->owner->look();
  });
}

void SendGuard::look() {
  const auto info = connection_.tcp_info();
  const auto patience = info ? patience_with(*info, acknowledged_within) : std::nullopt;
  if (!patience) return;
  if (*patience > Duration::zero()) return look_in(*patience);
  connection_.give_up();
}

}  // namespace siltgate::net
