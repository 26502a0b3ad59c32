// SPDX-License-Identifier: Apache-2.0
// Any bytes as a client connection: never a crash or exception, the same outcome however they are cut, and every accepted
// request re-serialised for upstream parses again to one head with the same framing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "http/forward.hpp"
#include "unit/http/connection_reading.hpp"

namespace {

using siltgate::test::ConnectionReading;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_forwarded(const siltgate::test::ReadRequest& request) {
  if (request.head.method == "CONNECT") return;
  siltgate::http::UpstreamTarget target;
  target.host_header = "upstream";
  target.target = request.head.target;
  target.body_size = request.body.size();
  auto head = siltgate::http::upstream_head(request.head, target);
  siltgate::http::Limits wide;
  wide.fields += 4;
  auto again = siltgate::http::parse_request_head(head, wide);
  require(again.has_value());
  require(again->framing.kind != siltgate::http::BodyFraming::Kind::chunked);
  require(again->framing.length == request.body.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ConnectionReading whole, cut;
  whole.feed(bytes);
  auto at = data[0] % bytes.size();
  cut.feed(bytes.substr(0, at));
  cut.feed(bytes.substr(at));
  require(whole.requests.size() == cut.requests.size());
  require(whole.failure.has_value() == cut.failure.has_value());
  for (const auto& request : whole.requests) check_forwarded(request);
  for (bool to_head : {false, true}) {
    auto response = siltgate::http::parse_response_head(bytes, to_head, {});
    if (response) siltgate::http::client_head(*response, response->framing, {});
  }
  return 0;
}
