// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.hpp"

#include <algorithm>

namespace siltgate::upstream {

std::string Target::pool_name() const {
  std::string name = base_url.scheme + "://" + base_url.authority() + " " + tls.ca_file + " " + tls.tls_min;
  if (proxy.mode == net::ProxyConfig::Mode::url && proxy.url) name += " via " + proxy.url->authority() + proxy.url->userinfo;
  if (proxy.mode == net::ProxyConfig::Mode::none) name += " direct";
  return name;
}

Pool::Pool(asio::any_io_executor executor, net::Environment environment, std::size_t most_idle, Duration longest_rest)
    : executor_(std::move(executor)),
      environment_(std::move(environment)),
      most_idle_(most_idle),
      longest_rest_(longest_rest) {}

Task<Result<Lease>> Pool::borrow(Target target, bool fresh_only, net::Watch& watch) {
  std::string name = target.pool_name();
  const unsigned trust = trust_;   // a reload may come while a connection is made
  auto& resting = idle_[name];
  while (!fresh_only && !resting.empty()) {
    auto connection = std::move(resting.back().connection);
    bool proxied = resting.back().through_proxy;
    bool rested_too_long = Clock::now() - resting.back().since > longest_rest_;
    resting.pop_back();
    if (!rested_too_long && connection->idle_and_healthy()) co_return Lease(std::move(connection), name, true, proxied, trust);
  }
  net::Destination destination;
  destination.upstream = target.base_url;
  auto proxy = net::choose_proxy(target.proxy, target.base_url, environment_);
  if (!proxy) co_return proxy.error();
  destination.proxy = *proxy;
  bool proxied = destination.proxy.has_value();
  if (target.base_url.tls()) {
    auto context = tls_context(target.tls);
    if (!context) co_return context.error();
    destination.tls = *context;
  }
  auto connection = co_await net::dial(executor_, std::move(destination), target.connect_timeout, watch);
  if (!connection) co_return connection.error();
  co_return Lease(std::make_shared<net::Connection>(std::move(*connection)), name, false, proxied, trust);
}

void Pool::put_back(Lease lease, TimePoint now) {
  if (lease.trust_ != trust_) return;
  auto& resting = idle_[lease.pool_name_];
  if (resting.size() >= most_idle_) resting.erase(resting.begin());
  resting.push_back({std::move(lease.connection_), now, lease.through_proxy_});
}

std::size_t Pool::sweep(TimePoint now) {
  std::size_t left = 0;
  for (auto& [name, resting] : idle_) {
    std::erase_if(resting, [&](Resting& r) { return now - r.since > longest_rest_ || !r.connection->idle_and_healthy(); });
    left += resting.size();
  }
  return left;
}

Result<std::shared_ptr<net::TlsContext>> Pool::tls_context(const net::TlsConfig& config) {
  auto& known = contexts_[config.ca_file + " " + config.tls_min];
  if (known) return known;
  auto made = net::TlsContext::make(config);
  if (!made) return made.error();
  known = *made;
  return known;
}

}  // namespace siltgate::upstream
