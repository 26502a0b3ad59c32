// SPDX-License-Identifier: Apache-2.0
// A sound streamed exchange, for the tests to break in one place each.
#pragma once

#include "observe/record.hpp"

namespace siltgate::observe {

inline TimePoint at_ms(long long ms) { return TimePoint{} + std::chrono::hours(1) + std::chrono::milliseconds(ms); }

inline ExchangeRecord sound_record() {
  ExchangeRecord r;
  r.id = "sg_abcdefghij";
  r.started_at = WallTime(std::chrono::seconds(1'790'000'000)) + std::chrono::milliseconds(123);
  r.accepted = at_ms(0);
  r.admitted = at_ms(20);
  r.connected = at_ms(50);
  r.first_byte = at_ms(850);
  r.first_event = at_ms(851);
  r.last_byte_in = at_ms(2000);
  r.last_byte_out = at_ms(2001);
  r.ended = at_ms(2002);
  r.queued = std::chrono::milliseconds(20);
  r.own = std::chrono::microseconds(150);
  r.client = "opencode/1.18.33";
  r.user_agent = "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14";
  r.peer = "127.0.0.1:50001";
  r.session = "ses_1";
  r.provider = "zai";
  r.key = "#9f3c";
  r.model = "glm-4.6";
  r.method = "POST";
  r.target = "/v1/chat/completions";
  r.dialect = Dialect::openai_chat;
  r.stream = true;
  r.schedule_class = "interactive";
  Attempt attempt;
  attempt.admitted = r.admitted;
  attempt.connected = r.connected;
  attempt.first_byte = r.first_byte;
  attempt.ended = r.ended;
  attempt.status = 200;
  r.attempts = {attempt};
  r.status = 200;
  r.delivered_body = r.ended_cleanly = true;
  r.finish_reason = "stop";
  r.events = 17;
  r.bytes_in = r.bytes_out = 3412;
  r.in_tokens = 100;
  r.out_tokens = 46;
  r.sha256_in = r.sha256_out = std::string(64, 'a');
  r.request_sha256 = std::string(64, 'b');
  r.upstream_address = "203.0.113.7:443";
  r.upstream_tls = true;
  r.tls = TlsSummary{"TLSv1.3", "DigiCert Inc", true};
  r.content_type = "text/event-stream";
  return r;
}

/// The same, ended by `cause` in the middle of the body.
inline ExchangeRecord failed_record(Cause cause, Phase phase = Phase::relay_body) {
  ExchangeRecord r = sound_record();
  r.ended_cleanly = false;
  r.finish_reason.clear();
  Failure failure;
  failure.phase = phase;
  failure.party = Party::network;
  failure.cause = cause;
  r.failure = failure;
  r.attempts.back().failure = failure;
  return r;
}

inline Finding sample_finding(Check check, Action action) {
  Finding f;
  f.check = check;
  f.action = action;
  f.event = 4;
  f.offset = 1010;
  f.reason = "continuation byte 0x9F without a lead byte";
  f.excerpt = "data: {\"x\":\"\x9f\"}";
  f.excerpt_offset = 998;
  return f;
}

/// Do the words stand anywhere in the verdict?
inline bool says(const Verdict& v, std::string_view words) {
  if (v.summary.find(words) != std::string::npos || v.advice.find(words) != std::string::npos) return true;
  for (const std::string& fact : v.facts)
    if (fact.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace siltgate::observe
