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
  const auto& base = x.provider->base_url;
  const std::string_view target = std::string_view(x.route.target).substr(0, x.route.target.find('?'));
  std::string head = head_text(x.request);
  x.capture.request(x.record, head, base.scheme + "://" + base.authority() + std::string(target), x.body);
  cleanse(head);
}

}  // namespace siltgate::flow
