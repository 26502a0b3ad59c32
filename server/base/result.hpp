// SPDX-License-Identifier: Apache-2.0
// Expected failure as a value: which phase, whose fault, whether to retry. Knows no I/O.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "base/phase.hpp"

namespace siltgate {

/// Whose fault a failure is.
enum class Party { client, network, provider, siltgate };

constexpr std::string_view to_string(Party party) {
  constexpr std::string_view names[] = {"client", "network", "provider", "siltgate"};
  return names[static_cast<int>(party)];
}

/// May the attempt be made again? `if_reused`: only when it ran on a reused upstream connection.
enum class Retry { never, if_reused, safe };

/// What exactly went wrong, as one stable word; becomes `cause` in the log and `code` in error bodies.
enum class Cause {
  none,
  client_left,          // the client closed its connection
  client_silent,        // head or body of the request came too slowly
  bad_request,          // malformed request
  line_too_long,        // request line over its limit (414)
  head_too_large,       // head over its limit (431)
  body_too_large,       // request body over limits.request_body
  forbidden,            // Host, Origin or peer not allowed
  no_route,             // path maps to nothing
  websocket_unsupported,  // Upgrade: websocket
  queue_full,           // max_waiting reached
  queue_timeout,        // waited max_wait
  draining,             // shutting down
  repeat,               // the same body again and again
  shared_down,          // shared.redis cannot be reached, and when_down is refuse
  lease_lost,           // the permit shared through Redis was lost while the exchange ran
  quota_spent,          // the provider said that this key is used up until a time
  cancelled,            // the operator ended it
  resolve_failed,       // DNS
  connect_failed,       // TCP connect refused or unreachable
  connect_timeout,      // no connection within timeouts.connect
  proxy_refused,        // the CONNECT proxy answered an error
  tls_failed,           // handshake or verification
  upstream_reset,       // RST
  upstream_closed,      // FIN before the response was complete
  upstream_silent,      // timeouts.first_byte or timeouts.idle ran out
  upstream_malformed,   // response head or framing not HTTP
  response_too_large,   // response body over limits.response_body
  damaged,              // a stream check failed (the finding says which)
  provider_error,       // the provider answered with an error
  bug,                  // ours
};

std::string_view to_string(Cause cause);

struct Failure {
  Phase phase = Phase::read_request;
  Party party = Party::siltgate;
  Cause cause = Cause::none;
  Retry retry = Retry::never;
  boost::system::error_code system{};  // what the system said, if anything
  std::string detail;                  // for the log and the error message; never holds a secret
};

template <class T>
using Result = boost::system::result<T, Failure>;

}  // namespace siltgate

namespace boost::system {
/// Required by boost::system::result: value() of a failed Result is a bug in the caller.
[[noreturn]] void throw_exception_from_error(const siltgate::Failure& failure, const boost::source_location& loc);
}  // namespace boost::system
