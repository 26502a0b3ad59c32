// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_exports.hpp"

#include <fmt/format.h>

#include <array>

#include "base/ascii.hpp"
#include "base/shell_quote.hpp"
#include "observe/capture_views.hpp"
#include "observe/explain.hpp"
#include "observe/sha256.hpp"
#include "observe/visible.hpp"
#include "version.hpp"

namespace siltgate::observe {
namespace {

/// What curl says by itself, what siltgate replaces upstream, and what belongs to the one connection.
bool left_to_curl(const std::string& name) {
  constexpr std::array<std::string_view, 11> names{"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect",
                                                  "te", "keep-alive", "upgrade", "proxy-connection", "cookie"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.starts_with("siltgate-");
}

std::string curl_field(const std::string& name, const std::string& value) {
  const std::string key = "${API_KEY:?set API_KEY to your key}";
  if (value != "[redacted]") return "-H " + shell_quoted(name + ": " + value);
  if (lower(name) == "authorization") return "-H \"" + name + ": Bearer " + key + "\"";
  return "-H \"" + name + ": " + key + "\"";
}

std::string fenced(const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  return fence + "\n" + text + (text.empty() || text.back() == '\n' ? "" : "\n") + fence + "\n";
}

std::string attempt_section(const Capture& capture, const CapturedAttempt& attempt) {
  std::string out = fmt::format("\n## Attempt {}\n\nEnded: {}{}\n", attempt.number, attempt.how.empty() ? "not recorded" : attempt.how,
                                attempt.detail.empty() ? "" : " (" + visible(attempt.detail, 512) + ")");
  const std::string body = attempt.body();
  out += fmt::format("Body: {} bytes in {} reads, SHA-256 `{}`\n", body.size(), attempt.reads.size(), sha256_hex(body));
  if (attempt.reads.empty()) return out;
  out += "\nLast reads before the end (ms since the request, offset, bytes):\n\n";
  std::string reads;
  for (std::size_t i = attempt.reads.size() > 12 ? attempt.reads.size() - 12 : 0; i < attempt.reads.size(); ++i)
    reads += fmt::format("{:>10.3f} {:>9} {:>7}\n", static_cast<double>(attempt.reads[i].ns) / 1e6, attempt.reads[i].offset, attempt.reads[i].bytes.size());
  out += fenced(reads) + "\nBytes around the fault:\n\n" + fenced(view_hex(capture, attempt, 0).value_or(""));
  return out;
}

}  // namespace

std::string export_curl(const Capture& capture) {
  std::string out = fmt::format("# {} as siltgate sent it to {}; set API_KEY first\n", capture.id, visible(capture.provider, 100));
  std::string body = "--data-binary @request.json";
  if (capture.request_body && capture.request_body->find('\0') == std::string::npos) {
    out += "printf %s " + shell_quoted(*capture.request_body) + " |\n";
    body = "--data-binary @-";
  } else if (capture.request_bytes > 0) {
    out += fmt::format("# The request body was not recorded (capture mode all records it): put it into request.json.\n# It had {} bytes, SHA-256 {}.\n",
                       capture.request_bytes, capture.request_sha256);
  } else {
    body.clear();
  }
  out += fmt::format("curl -sS -N -X {} {}", capture.method, shell_quoted(capture.url));
  bool with_key = false;
  for (const auto& [name, value] : capture.fields) {
    if (left_to_curl(lower(name))) continue;
    with_key = with_key || value == "[redacted]";
    out += " \\\n  " + curl_field(name, value);
  }
  if (!with_key) out += " \\\n  " + curl_field("Authorization", "[redacted]");
  if (!body.empty()) out += " \\\n  " + body;
  return out + "\n";
}

std::string export_bundle(const Capture& capture) {
  std::string out = fmt::format("# siltgate exchange {}\n\n", capture.id);
  out += fmt::format("Recorded by siltgate {}, written by siltgate {}. Credentials are replaced; prompt and answer are left out, but for the bytes shown.\n",
                     visible(capture.siltgate, 40), SILTGATE_VERSION);
  out += "\n## Verdict and evidence\n\n" + fenced(capture.record ? explain(*capture.record, false) : "no verdict: siltgate ended before the exchange did\n");
  out += "\n## Heads\n\n" + fenced(view_headers(capture));
  for (const CapturedAttempt& attempt : capture.attempts) out += attempt_section(capture, attempt);
  if (const CapturedAttempt* last = capture.attempt()) out += "\n## Received against delivered\n\n" + fenced(view_diff(capture, *last));
  out += fmt::format("\n## Request\n\n{} bytes, SHA-256 `{}`\n", capture.request_bytes, capture.request_sha256);
  return out;
}

}  // namespace siltgate::observe
