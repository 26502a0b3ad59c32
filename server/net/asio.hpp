// SPDX-License-Identifier: Apache-2.0
// The few names of Asio that the rest of the server uses.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace siltgate {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// A coroutine. What it keeps it takes by value; a reference means that the caller awaits it.
template <class T>
using Task = asio::awaitable<T>;

}  // namespace siltgate
