// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <stdexcept>

namespace siltgate {

std::string_view to_string(Cause cause) {
  constexpr std::string_view names[] = {
      "none",          "client_left",    "client_silent",      "bad_request",        "line_too_long",
      "head_too_large", "body_too_large", "forbidden",          "no_route",           "websocket_unsupported", "queue_full",
      "queue_timeout", "draining",       "repeat",             "shared_down",        "lease_lost",
      "quota_spent",   "cancelled",      "resolve_failed",     "connect_failed",     "connect_timeout",
      "proxy_refused", "tls_failed",     "upstream_reset",     "upstream_closed",    "upstream_silent",
      "upstream_malformed", "response_too_large", "damaged",   "provider_error",     "bug"};
  static_assert(std::size(names) == static_cast<std::size_t>(Cause::bug) + 1);
  return names[static_cast<int>(cause)];
}

}  // namespace siltgate

namespace boost::system {

void throw_exception_from_error(const siltgate::Failure& failure, const boost::source_location&) {
  throw std::logic_error("value() of a failed result: " + failure.detail);
}

}  // namespace boost::system
