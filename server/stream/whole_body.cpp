// SPDX-License-Identifier: Apache-2.0
// The checks of a body that is not streamed. It is delivered unchanged or not at all, so repair and drop mean reject.
#include <utility>

#include "stream/chunk_reader.hpp"
#include "stream/dialect_rules.hpp"
#include "stream/garble.hpp"
#include "stream/stream_checker.hpp"
#include "stream/utf8.hpp"

namespace siltgate::stream {
namespace {

constexpr std::size_t excerpt_size = 64;

/// Records one fault; true = the body may still be delivered.
bool record(const Config& config, Check check, std::string reason, std::string_view body, std::size_t at,
            std::vector<Finding>& findings, bool only_flag = false) {
  if (config[check] == Action::pass) return true;
  const Action action = only_flag || config[check] == Action::flag ? Action::flag : Action::reject;
  const std::size_t from = at > excerpt_size / 2 ? at - excerpt_size / 2 : 0;
  findings.push_back({check, action, 0, at, false, std::move(reason),
                      from < body.size() ? std::string(body.substr(from, excerpt_size)) : std::string{}, from, 0, only_flag});
  return action == Action::flag;
}

/// The text of the body; a sign that healthy text may show is only recorded.
bool record_garble(const Config& config, Dialect dialect, const ChunkFacts& facts, std::vector<Finding>& findings) {
  if (config[Check::garble] == Action::pass) return true;
  Faults faults;
  Garble(dialect).take_whole(facts, faults);
  bool deliver = true;
  for (Fault& fault : faults) {
    const Action action = fault.only_flag || config[Check::garble] == Action::flag ? Action::flag : Action::reject;
    Finding finding{Check::garble, action, 0, 0, false, std::move(fault.reason), std::move(fault.excerpt), 0};
    finding.doubtful = fault.only_flag;
    findings.push_back(std::move(finding));
    deliver &= action == Action::flag;
  }
  return deliver;
}

}  // namespace

bool check_json_body(std::string_view body, Dialect dialect, const Config& config, std::vector<Finding>& findings,
                     Usage& usage) {
  if (dialect == Dialect::none) return true;
  bool deliver = true;
  if (const Utf8Span span = scan_utf8(body); span.sound < body.size()) {
    const std::string_view wrong = body.substr(span.sound, span.fault + span.open);
    deliver &= record(config, Check::utf8, describe_utf8_fault(wrong), body, span.sound, findings);
  }
  auto& reader = ChunkReader::of_thread();
  const auto read = reader.read(body);
  if (!read.sound) {
    const std::string reason = body.empty() ? "the body is empty" : "the body is not one JSON value: " + read.reason;
    return record(config, Check::json, reason, body, read.fault_at, findings) && deliver;
  }
  if (read.half_pair_at != std::string_view::npos)
    record(config, Check::json, "half of a surrogate pair stands alone", body, read.half_pair_at, findings, true);
  usage = {reader.facts().input_tokens.value_or(-1), reader.facts().output_tokens.value_or(-1)};
  const std::string wrong = whole_body_fault(dialect, reader.facts());
  if (!wrong.empty()) deliver &= record(config, Check::shape, wrong, body, 0, findings);
  return record_garble(config, dialect, reader.facts(), findings) && deliver;
}

}  // namespace siltgate::stream
