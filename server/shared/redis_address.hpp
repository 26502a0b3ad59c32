// SPDX-License-Identifier: Apache-2.0
// Where a Redis is and how to sign in, read from shared.redis. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siltgate::shared {

struct RedisAddress {
  std::string host = "127.0.0.1";  // without brackets
  std::uint16_t port = 6379;
  std::string socket;              // path of a unix socket; then host and port mean nothing
  bool tls = false;
  std::string user, password;      // percent-decoded; "" = none
  int database = 0;

  /// "redis://host:6379/0", without user and password: fit for status and log.
  std::string shown() const;
};

/// redis://[[user]:password@]host[:port][/database], the same with rediss:// for TLS, and
/// unix://[[user]:password@]/path/of/socket[?db=database]. Empty when it is none of these.
std::optional<RedisAddress> parse_redis_address(std::string_view text);

}  // namespace siltgate::shared
