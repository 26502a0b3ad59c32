// SPDX-License-Identifier: Apache-2.0
// Names to addresses by the system's resolver (RFC 3493, 6.1), which blocks and cannot be told to stop. Each name is asked for in a
// thread of its own, so that a dead name server holds up nobody who asks for another name, or leaves; those who ask for the same
// name meanwhile share the answer. Asio's resolver has one thread for all (docs/decisions/0100).
#pragma once

#include <boost/asio/execution_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/asio.hpp"
#include "net/watch.hpp"

namespace siltgate::net {

struct Addresses {
  std::vector<std::string> literals;   // as the system ordered them, IPv6 with its scope; empty when `error` is set
  ErrorCode error;
};

/// Blocks, for as long as the system's resolver likes.
Addresses ask_system(const std::string& host);

/// One per io_context, made with asio::use_service(). A lookup that nobody waits for any more ends by itself.
class NameLookup : public asio::execution_context::service {
 public:
  using key_type = NameLookup;
  static asio::execution_context::id id;

  explicit NameLookup(asio::execution_context& context);
  ~NameLookup() override;

  /// Nothing when the watch ended the wait.
  Task<std::optional<Addresses>> find(asio::any_io_executor executor, std::string host, Watch& watch);

  std::function<Addresses(const std::string& host)> ask = ask_system;   // in a thread of its own

 private:
  struct Lookup;
  struct Link;
  void shutdown() override;
  std::shared_ptr<Lookup> join(const asio::any_io_executor& executor, const std::string& host);
  void answered(const std::string& host, Addresses addresses);

  std::map<std::string, std::shared_ptr<Lookup>> under_way_;
  std::shared_ptr<Link> link_;
};

}  // namespace siltgate::net
