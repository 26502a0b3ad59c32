// SPDX-License-Identifier: Apache-2.0
// The head of a recording: the request as the client sent it, and everything in it that must never be written.
#include "flow/exchange.hpp"
#include "observe/capture_lines.hpp"

namespace siltgate::flow {
namespace {

std::string head_text(const http::RequestHead& request) {
  std::string text = request.method + " " + request.target + "\r\n";
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const http::Field field = request.fields[i];
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return text;
}

/// Values of header fields that hold credentials, with and without their scheme.
std::vector<std::string> secrets_of(const Exchange& x, std::string_view credential) {
  std::vector<std::string> secrets{std::string(credential)};
  for (std::size_t i = 0; i < x.request.fields.size(); ++i) {
    const http::Field field = x.request.fields[i];
    if (!observe::secret_field(field.name)) continue;
    secrets.emplace_back(field.value);
    const auto space = field.value.find(' ');
    if (space != std::string_view::npos) secrets.emplace_back(field.value.substr(space + 1));
  }
  if (x.replacement_key) secrets.push_back(x.replacement_key->value);
  std::erase_if(secrets, [](const std::string& secret) { return secret.size() < 8; });  // "Bearer x" is no secret, and x is in every text
  return secrets;
}

}  // namespace

void begin_capture(Exchange& x, std::string_view credential) {
  x.capture = x.services.captures.begin(x.record, secrets_of(x, credential));
  if (!x.capture.on()) return;
  const auto& base = x.provider->base_url;
  const std::string_view target = std::string_view(x.route.target).substr(0, x.route.target.find('?'));
  x.capture.request(x.record, head_text(x.request), base.scheme + "://" + base.authority() + std::string(target), x.body);
}

}  // namespace siltgate::flow
