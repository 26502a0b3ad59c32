// SPDX-License-Identifier: Apache-2.0
// Any bytes as a provider's response head: the same outcome however they are cut, and what is accepted leaves towards the client as
// one head with one framing and nothing that was hop-by-hop.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/forward.hpp"
#include "http/head.hpp"

namespace {

using namespace siltgate;
using namespace siltgate::http;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Size of the head, 0 incomplete, -1 refused.
long scanned(std::string_view bytes, std::size_t step) {
  HeadScanner scanner;
  for (std::size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    auto size = scanner.scan(bytes.substr(0, end), {});
    if (!size) return -1;
    if (*size > 0 || end == bytes.size()) return static_cast<long>(*size);
  }
}

void check_forwarded(const ResponseHead& head, BodyFraming framing) {
  ResponseMarks marks;
  marks.id = "sg_0123456789";
  const std::string out = client_head(head, framing, marks);
  Limits wide;
  wide.fields += 8;
  wide.head = Bytes{wide.head.count + 1024};
  auto again = parse_response_head(out, framing.kind == BodyFraming::Kind::none, wide);
  require(again.has_value());
  require(again->status == head.status);
  if (framing.kind == BodyFraming::Kind::chunked) require(again->framing.kind == BodyFraming::Kind::chunked);
  if (framing.kind == BodyFraming::Kind::length) require(again->framing.length == framing.length);
  for (auto name : {"Keep-Alive", "Upgrade", "Trailer", "TE", "Proxy-Authenticate", "Alt-Svc"}) require(!again->fields.find(name));
  require(again->fields.count("siltgate-id") == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const long whole = scanned(bytes, size + 1);
  require(scanned(bytes, 1) == whole && scanned(bytes, 7) == whole);
  if (whole <= 0) return 0;
  for (bool to_head : {false, true}) {
    auto head = parse_response_head(bytes.substr(0, static_cast<std::size_t>(whole)), to_head, {});
    if (!head || head->status < 200) continue;
    check_forwarded(*head, head->framing.kind == BodyFraming::Kind::until_close ? BodyFraming{BodyFraming::Kind::chunked, 0} : head->framing);
  }
  return 0;
}
