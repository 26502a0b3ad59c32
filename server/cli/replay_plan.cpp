// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "http/fields.hpp"

namespace siltgate::cli {
namespace {

/// Fields of one connection, and those whose value was taken out of the recording.
bool left_out(const std::string& name, const std::string& value) {
  for (std::string_view each : {"connection", "keep-alive", "proxy-connection", "upgrade", "trailer"})
    if (http::same_name(name, each)) return true;
  return value == "[redacted]";
}

/// gzip and deflate are recorded as siltgate decoded them.
bool decoded(const observe::CapturedHead& head) {
  const std::string coding = observe::field_of(head.fields, "content-encoding");
  return head.status != 206 && (coding.find("gzip") != std::string::npos || coding.find("deflate") != std::string::npos);
}

bool chunked(const observe::CapturedHead& head) {
  return decoded(head) || observe::field_of(head.fields, "transfer-encoding").find("chunked") != std::string::npos;
}

std::string head_of(const observe::CapturedHead& head) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", head.status, head.reason);
  for (const auto& [name, value] : head.fields) {
    bool of_coding = false;
    for (std::string_view each : {"content-encoding", "content-length", "transfer-encoding"})
      of_coding = of_coding || (decoded(head) && http::same_name(name, each));
    if (!of_coding && !left_out(name, value)) out += name + ": " + value + "\r\n";
  }
  if (decoded(head)) out += "Transfer-Encoding: chunked\r\n";
  return out + "Connection: close\r\n\r\n";
}

/// Writes bytes of a body as the chunks they came in.
class Chunker {
 public:
  Chunker(std::vector<std::uint64_t> ends, std::uint64_t size, bool complete) : ends_(std::move(ends)) {
    if (size > (ends_.empty() ? 0 : ends_.back())) ends_.push_back(complete ? size : size + 1);   // a chunk that stays open
  }

  std::string wrap(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      const std::uint64_t end = ends_[next_];
      if (at_ == start_) out += fmt::format("{:x}\r\n", end - start_);
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), end - at_));
      out += bytes.substr(0, taken);
      bytes.remove_prefix(taken);
      at_ += taken;
      if (at_ < end) continue;
      out += "\r\n";
      start_ = at_;
      ++next_;
    }
    return out;
  }

 private:
  std::vector<std::uint64_t> ends_;
  std::size_t next_ = 0;
  std::uint64_t at_ = 0, start_ = 0;
};

Chunker chunker_of(const observe::CapturedAttempt& attempt) {
  std::vector<std::uint64_t> ends;
  std::uint64_t size = 0;
  for (const observe::CapturedRead& read : attempt.reads) {
    for (std::uint32_t end : read.chunk_ends) ends.push_back(read.offset + end);
    size = read.offset + read.bytes.size();
  }
  return {std::move(ends), size, attempt.body_complete};
}

ReplayPlan::End end_of(const observe::CapturedAttempt& attempt) {
  if (attempt.body_complete) return ReplayPlan::End::clean;                      // 1
  if (attempt.how == "upstream_reset") return ReplayPlan::End::reset;            // 2
  if (attempt.how == "upstream_silent") return ReplayPlan::End::silence;         // 3
  return ReplayPlan::End::fin;                                                   // 4
}

}  // namespace

ReplayPlan plan_replay(const observe::CapturedAttempt& attempt) {
  ReplayPlan plan;
  plan.head = head_of(*attempt.head);
  plan.end = end_of(attempt);
  const bool in_chunks = chunked(*attempt.head);
  Chunker chunker = chunker_of(attempt);
  for (const observe::CapturedRead& read : attempt.reads) {
    const std::int64_t after = std::max<std::int64_t>(0, read.ns - attempt.head->ns);
    plan.steps.push_back({after, in_chunks ? chunker.wrap(read.bytes) : read.bytes});
  }
  plan.end_ns = std::max(plan.steps.empty() ? 0 : plan.steps.back().ns, attempt.end_ns - attempt.head->ns);
  if (in_chunks && plan.end == ReplayPlan::End::clean) plan.steps.push_back({plan.end_ns, "0\r\n\r\n"});
  return plan;
}

std::string_view to_string(ReplayPlan::End end) {
  constexpr std::string_view names[] = {"a clean end", "a FIN in the middle", "a reset", "silence"};
  return names[static_cast<int>(end)];
}

}  // namespace siltgate::cli
