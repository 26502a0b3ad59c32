// SPDX-License-Identifier: Apache-2.0
// The head of a recording: the request as the client sent it, and everything in it that must never be written.
#include "flow/credentials.hpp"

namespace siltgate::flow {
namespace {

std::string head_text(const http::RequestHead& request) {
  std::string text = request.method + " " + request.target + "\r\n";
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const http::Field field = request.fields[i];
    for (const std::string_view part : {field.name, std::string_view(": "), field.value, std::string_view("\r\n")}) append_cleansing(text, part);
  }
  return text;
}

}  // namespace

void begin_capture(Exchange& x) {
  if (!x.services.captures.on()) return;
  x.capture = x.services.captures.begin(x.record, credentials_of(x));
  std::string head = head_text(x.request), url;
  if (x.provider) {
    const auto& base = x.provider->base_url;
    url = base.scheme + "://" + base.authority() + x.route.target.substr(0, x.route.target.find('?'));
  }
  x.capture.request(x.record, head, url, x.body);
  cleanse(head);
}

void begin_late_capture(Exchange& x) {
  if (x.services.captures.keeps_all() && !x.capture.on() && !x.entrance.control_socket && !x.reply.head_sent()) begin_capture(x);
}

}  // namespace siltgate::flow
