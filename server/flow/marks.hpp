// SPDX-License-Identifier: Apache-2.0
// What siltgate writes on every response: siltgate-id, Via, Server-Timing, Proxy-Status, Connection.
#pragma once

#include "flow/exchange.hpp"
#include "http/forward.hpp"

namespace siltgate::flow {

/// Decides Connection: close as well and remembers it in x.must_close.
http::ResponseMarks marks_of(Exchange& x, std::string proxy_status = {});

/// Framing towards this client for a body whose length is not known.
http::BodyFraming stream_framing(const Exchange& x);

}  // namespace siltgate::flow
