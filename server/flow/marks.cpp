// SPDX-License-Identifier: Apache-2.0
#include "flow/marks.hpp"

#include <fmt/format.h>

#include "http/runtime.hpp"

namespace siltgate::flow {
namespace {

double ms_between(TimePoint from, TimePoint to) {
  if (from == TimePoint{} || to <= from) return 0;
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

http::ResponseMarks marks_of(Exchange& x, std::string proxy_status) {
  http::ResponseMarks marks;
  marks.id = x.record.id;
  marks.proxy_status = std::move(proxy_status);
  const observe::Attempt* attempt = x.record.attempts.empty() ? nullptr : &x.attempt();
  if (marks.proxy_status.empty()) {
    marks.proxy_status = "siltgate";
    if (attempt && attempt->status > 0) marks.proxy_status += "; received-status=" + std::to_string(attempt->status);
  }
  marks.server_timing = fmt::format("queue;dur={:.1f}, connect;dur={:.1f}, ttfb;dur={:.1f}",
                                    std::chrono::duration<double, std::milli>(x.record.queued).count(),
                                    attempt ? ms_between(attempt->admitted, attempt->connected) : 0,
                                    attempt ? ms_between(attempt->connected, attempt->first_byte) : 0);
  bool close = x.must_close || x.request.wants_close || x.request.minor_version == 0 || x.services.draining || x.entrance.door->closed ||
               http::close_after_response(x.config->keep_alive, x.record.user_agent);
  x.must_close = close;
  x.record.client_keep_alive = !close;
  marks.close = close;
  return marks;
}

http::BodyFraming stream_framing(const Exchange& x) {
  using Kind = http::BodyFraming::Kind;
  return {x.request.minor_version == 0 ? Kind::until_close : Kind::chunked, 0};
}

}  // namespace siltgate::flow
