// SPDX-License-Identifier: Apache-2.0
#include "net/dial.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "net/name_lookup.hpp"
#include "net/proxy.hpp"

namespace siltgate::net {
namespace {

using asio::ip::tcp;

/// What the kernel may hold of an answer that the client does not take (Linux doubles it): docs/decisions/0080.
constexpr int upstream_receive_buffer = 48 * 1024;

Failure connect_failure(Cause cause, Party party, std::string detail, ErrorCode error = {}) {
  return {Phase::connect, party, cause, Retry::safe, error, std::move(detail)};
}

/// The watch's reason as a connect failure: its deadline is connect_timeout here.
Failure ended_by(const Watch& watch, const std::string& what, Duration timeout) {
  if (watch.raised() == Wake::client_left)
    return {Phase::connect, Party::client, Cause::client_left, Retry::never, {}, "the client closed its connection"};
  if (watch.raised() == Wake::stopped)
    return {Phase::connect, Party::siltgate, Cause::draining, Retry::never, {}, "siltgate is shutting down"};
  if (watch.raised() == Wake::lease_lost) return lease_lost(Phase::connect);
  if (watch.raised() == Wake::cancelled)
    return {Phase::connect, Party::siltgate, Cause::cancelled, Retry::never, {}, "the operator cancelled it"};
  return connect_failure(Cause::connect_timeout, Party::network,
                         what + " took longer than " + std::to_string(to_ms(timeout)) + " ms");
}

Task<Result<std::vector<tcp::endpoint>>> resolve(asio::any_io_executor executor, Url url, Duration timeout,
                                                 Watch& watch) {
  std::vector<tcp::endpoint> found;
  ErrorCode error;
  if (auto literal = asio::ip::make_address(url.host, error); !error) {
    found.emplace_back(literal, url.port);
    co_return found;
  }
  auto& lookup = asio::use_service<NameLookup>(executor.context());
  auto addresses = co_await lookup.find(executor, url.host, watch);
  if (!addresses) co_return ended_by(watch, "resolving " + url.host, timeout);
  if (addresses->error) co_return connect_failure(Cause::resolve_failed, Party::network, url.host + ": " + addresses->error.message(), addresses->error);
  for (const std::string& literal : addresses->literals)
    if (auto address = asio::ip::make_address(literal, error); !error) found.emplace_back(address, url.port);
  co_return found;
}

Task<Result<Socket>> connect_one(asio::any_io_executor executor, asio::generic::stream_protocol::endpoint endpoint, Watch& watch) {
  Socket socket(executor);
  ErrorCode error;
  socket.open(endpoint.protocol(), error);
  if (error) co_return connect_failure(Cause::connect_failed, Party::siltgate, error.message(), error);
  ErrorCode ignored;
  socket.set_option(asio::socket_base::receive_buffer_size(upstream_receive_buffer), ignored);  // before the window is agreed
  {
    Watch::Waiting waiting(watch, [](void* s) { ErrorCode e; static_cast<Socket*>(s)->cancel(e); }, &socket);
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  }
  std::string where = to_text(endpoint);
  if (watch.raised() != Wake::none) co_return connect_failure(Cause::connect_timeout, Party::network, where + ": no answer");
  if (error) co_return connect_failure(Cause::connect_failed, Party::network, where + ": " + error.message(), error);
  watch_bytes_only(socket);
  co_return std::move(socket);
}

/// The next address gets its turn when the one before has had so long (RFC 8305, 5), or has failed.
constexpr std::chrono::milliseconds head_start{250};

/// The families by turns, beginning with that of the first (RFC 8305, 4): four dead addresses of IPv6 do not stand before IPv4.
std::vector<tcp::endpoint> by_turns(std::vector<tcp::endpoint> endpoints) {
  const auto second = std::stable_partition(endpoints.begin(), endpoints.end(),
                                            [&](const tcp::endpoint& e) { return e.protocol() == endpoints.front().protocol(); });
  std::vector<tcp::endpoint> out;
  for (auto a = endpoints.begin(), b = second; a != second || b != endpoints.end();) {
    if (a != second) out.push_back(*a++);
    if (b != endpoints.end()) out.push_back(*b++);
  }
  return out;
}

/// Attempts side by side. Each handler keeps it alive.
struct Race {
  struct Runner {
    Socket socket;
    std::string where;
    std::optional<ErrorCode> arrived{};
  };

  explicit Race(asio::any_io_executor executor) : told(std::move(executor)) {}

  std::list<Runner> runners;
  Signal told;

  /// Takes out the first that has arrived.
  std::optional<Runner> next_arrived() {
    for (auto at = runners.begin(); at != runners.end(); ++at) {
      if (!at->arrived) continue;
      std::optional<Runner> out(std::move(*at));
      runners.erase(at);
      return out;
    }
    return {};
  }

  void call_off() {
    ErrorCode ignored;
    for (Runner& each : runners) each.socket.close(ignored);
  }
};

void start(const std::shared_ptr<Race>& race, const asio::any_io_executor& executor, const tcp::endpoint& address) {
  const asio::generic::stream_protocol::endpoint endpoint(address);
  auto& runner = race->runners.emplace_back(Race::Runner{Socket(executor), to_text(endpoint)});
  ErrorCode error;
  runner.socket.open(endpoint.protocol(), error);
  if (error) {
    runner.arrived = error;
    return race->told.notify();
  }
  ErrorCode ignored;
  runner.socket.set_option(asio::socket_base::receive_buffer_size(upstream_receive_buffer), ignored);  // before the window is agreed
  runner.socket.async_connect(endpoint, [race, &runner](const ErrorCode& said) {
    if (said == asio::error::operation_aborted) return;   // called off
    runner.arrived = said;
    race->told.notify();
  });
}

Task<Result<Connection>> connect_any(asio::any_io_executor executor, std::vector<tcp::endpoint> endpoints,
                                     std::string host, TimePoint until, Duration timeout, Watch& watch) {
  Failure last = connect_failure(Cause::resolve_failed, Party::network, host + ": no address");
  endpoints = by_turns(std::move(endpoints));
  auto race = std::make_shared<Race>(executor);
  std::size_t next = 0;
  while (next < endpoints.size() || !race->runners.empty()) {
    if (next < endpoints.size()) start(race, executor, endpoints[next++]);
    watch.set_deadline(next < endpoints.size() ? std::min(until, Clock::now() + head_start) : until);
    const bool told = co_await race->told.wait(watch);
    const bool turn_is_over = watch.raised() == Wake::deadline && next < endpoints.size() && Clock::now() < until;
    if (!told && !turn_is_over) {
      race->call_off();
      co_return ended_by(watch, "connecting to " + host, timeout);
    }
    watch.set_deadline(until);
    for (auto one = race->next_arrived(); one; one = race->next_arrived()) {
      if (!*one->arrived) {
        race->call_off();
        watch_bytes_only(one->socket);
        co_return Connection(std::move(one->socket), Side::upstream);
      }
      last = connect_failure(Cause::connect_failed, Party::network, one->where + ": " + one->arrived->message(), *one->arrived);
    }
  }
  if (last.cause == Cause::connect_failed && !last.detail.starts_with(host + ":")) last.detail = host + " (" + last.detail + ")";
  co_return last;
}

Failure no_tunnel(const Url& proxy, const std::string& authority, const std::string& what, Retry retry) {
  return {Phase::connect, Party::network, Cause::proxy_refused, retry, {}, "proxy " + proxy.authority() + " " + what + " CONNECT " + authority};
}

/// CONNECT (RFC 9110, 9.3.6): reads exactly the head of the answer, byte by byte at the end so that nothing of the tunnel is lost.
Task<Result<void>> open_tunnel(Connection& connection, Url proxy, Url upstream, Watch& watch) {
  std::string authority = (upstream.host.find(':') == std::string::npos ? upstream.host : "[" + upstream.host + "]") + ":" +
                          std::to_string(upstream.port);
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (auto authorization = proxy_authorization(proxy); !authorization.empty())
    request += "Proxy-Authorization: " + authorization + "\r\n";
  request += "\r\n";
  auto written = co_await connection.write_all(request, watch, Phase::connect);
  if (!written) co_return no_tunnel(proxy, authority, "closed the connection before it had read", Retry::safe);
  std::string head;
  while (head.size() < 16384 && (head.size() < 4 || head.compare(head.size() - 4, 4, "\r\n\r\n") != 0)) {
    char byte;
    auto got = co_await connection.read_some({&byte, 1}, watch, Phase::connect);
    if (!got && head.empty()) co_return no_tunnel(proxy, authority, "closed the connection without an answer to", Retry::safe);
    if (!got) co_return no_tunnel(proxy, authority, "closed the connection in the middle of its answer to", Retry::safe);
    head += byte;
  }
  bool accepted = head.size() > 12 && head.compare(0, 7, "HTTP/1.") == 0 && head[9] == '2';
  if (accepted) co_return Result<void>{};
  const bool in_trouble = head.size() > 12 && head[9] == '5';   // it, or the way behind it; 4xx would come again
  Failure refused = no_tunnel(proxy, authority, "answered", in_trouble ? Retry::safe : Retry::never);
  refused.detail += " with: " + head.substr(0, head.find('\r')).substr(0, 100);
  co_return refused;
}

}  // namespace

Task<Result<Connection>> dial(asio::any_io_executor executor, Destination destination, Duration timeout, Watch& watch) {
  TimePoint until = Clock::now() + timeout;
  watch.set_deadline(until);
  Url first_hop = destination.proxy.value_or(destination.upstream);
  auto endpoints = co_await resolve(executor, first_hop, timeout, watch);
  if (!endpoints) co_return endpoints.error();
  auto connection = co_await connect_any(executor, std::move(*endpoints), first_hop.authority(), until, timeout, watch);
  if (!connection) co_return connection.error();
  if (destination.proxy) {
    auto open = co_await open_tunnel(*connection, *destination.proxy, destination.upstream, watch);
    if (!open && watch.raised() != Wake::none) co_return ended_by(watch, "the proxy's answer", timeout);
    if (!open) co_return open.error();
  }
  if (destination.tls) {
    auto secure = co_await connection->start_tls(destination.tls, destination.upstream.host, watch);
    if (!secure && watch.raised() != Wake::none) co_return ended_by(watch, "the TLS handshake", timeout);
    if (!secure) {
      Failure failure = secure.error();
      failure.detail = destination.upstream.host + ": " + failure.detail;
      co_return failure;
    }
  }
  watch.clear_deadline();
  co_return std::move(*connection);
}

Task<Result<Connection>> dial_unix(asio::any_io_executor executor, std::string path, Duration timeout, Watch& watch) {
  watch.set_deadline_in(timeout);
  asio::generic::stream_protocol::endpoint endpoint{asio::local::stream_protocol::endpoint(path)};
  auto socket = co_await connect_one(executor, endpoint, watch);
  if (!socket && watch.raised() != Wake::none) co_return ended_by(watch, "connecting to " + path, timeout);
  if (!socket) co_return socket.error();
  watch.clear_deadline();
  co_return Connection(std::move(*socket), Side::upstream);
}

}  // namespace siltgate::net
