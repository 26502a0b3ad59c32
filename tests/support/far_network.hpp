// SPDX-License-Identifier: Apache-2.0
// A network of its own behind one link (Linux network namespace, veth pair): a provider in it is not on this machine as far as TCP
// can tell, and its path can be cut without a reset. Needs root.
#pragma once

#include <functional>
#include <set>
#include <stdexcept>
#include <string>

namespace siltgate::test {

/// The machine does not let this test make namespaces.
struct NotPermitted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class FarNetwork {
 public:
  /// Throws NotPermitted.
  FarNetwork();
  ~FarNetwork();
  FarNetwork(const FarNetwork&) = delete;
  FarNetwork& operator=(const FarNetwork&) = delete;

  /// Of the far end, for a listener made in there().
  const std::string& address() const { return address_; }
  /// Runs `work` on this thread inside the network: sockets and threads made there stay there.
  void there(const std::function<void()>& work) const;
  /// From now on nothing arrives in either direction, and nobody is told.
  void cut();
  /// The same for the connections that there are now; new ones come about. A NAT that forgot them, or an address that moved.
  void forget_connections();

 private:
  std::set<unsigned> forgotten_;
  std::string name_, near_link_, far_link_, address_;
};

}  // namespace siltgate::test
