// SPDX-License-Identifier: Apache-2.0
// Phase 5: the request as upstream sees it: own head, the client's body byte for byte.
#include <array>

#include "flow/exchange.hpp"
#include "flow/note_path.hpp"
#include "http/forward.hpp"

namespace siltgate::flow {
namespace {

/// Has more come than interim responses (1xx), which leave the request to be sent on?
bool is_answer(std::string_view said) {
  constexpr std::string_view version = "HTTP/1.1 ";
  while (said.size() > version.size()) {
    if (!said.starts_with("HTTP/1.") || said[version.size()] != '1') return true;
    const auto end = said.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    said.remove_prefix(end + 4);
  }
  return false;
}

}  // namespace

Task<Result<void>> send_request(Exchange& x, upstream::Lease& lease) {
  http::UpstreamTarget target;
  target.host_header = x.provider->base_url.authority();
  target.target = x.route.target;
  target.body_size = x.body.size();
  bool anthropic = x.provider->format == Format::anthropic || x.record.dialect == Dialect::anthropic_messages;
  if (x.replacement_key && anthropic) target.x_api_key = x.replacement_key->value;
  else if (x.replacement_key) target.bearer = x.replacement_key->value;
  std::string head = http::upstream_head(x.request, target);
  // A small body rides in the head's segment; a large one is not copied.
  std::string_view body = x.body;
  const bool small = body.size() <= 16 * 1024;
  if (small) {
    append_cleansing(head, body);
    body = {};
  } else {
    x.record.own += Clock::now() - x.record.connected;   // the rest is the network's pace
  }
  if (x.permit.lost()) co_return net::lease_lost(Phase::send_request);
  x.client.watch().set_deadline_in(x.provider->timeouts.first_byte);
  std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  // A provider may refuse a large prompt before it has read it, and read no further.
  auto sent = co_await lease.connection().write_unless_answered(buffers, x.client.watch(), Phase::send_request, x.services.scratch, x.early_body,
                                                               is_answer);
  if (small) x.record.own += Clock::now() - x.record.connected;
  cleanse(head);
  if (!sent) note_path(x, lease.connection(), sent.error().system);
  co_return sent;
}

}  // namespace siltgate::flow
