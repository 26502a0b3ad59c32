// SPDX-License-Identifier: Apache-2.0
// What a single non-blocking read or write did.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>

namespace siltgate::net {

struct Io {
  enum class Status { ok, wants_read, wants_write, closed, broken } status = Status::ok;
  std::size_t bytes = 0;
  boost::system::error_code error{};  // for broken
};

}  // namespace siltgate::net
