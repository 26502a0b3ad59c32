// SPDX-License-Identifier: Apache-2.0
// Writing half of record_json.hpp; the reading half is record_parse.cpp.
#include "observe/record_json.hpp"

#include <nlohmann/json.hpp>

#include "observe/redact.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::ordered_json;

/// Milliseconds with three decimals.
double to_ms_fraction(Duration d) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(d).count()) / 1000.0;
}

struct Writer {
  const ExchangeRecord& record;
  std::span<const std::string> secrets;

  std::string text(std::string_view value) const { return redact(value, secrets); }

  void put_time(Json& out, const char* name, TimePoint time) const {
    if (time != TimePoint{}) out[name] = to_ms_fraction(time - record.accepted);
  }

  Json failure(const Failure& f) const {
    Json out{{"phase", to_string(f.phase)}, {"party", to_string(f.party)}, {"cause", to_string(f.cause)}};
    out["detail"] = text(f.detail);
    if (f.system)
      out["system"] = {{"category", f.system.category().name()}, {"value", f.system.value()}, {"message", f.system.message()}};
    return out;
  }

  Json attempt(const Attempt& a) const {
    Json out = Json::object();
    put_time(out, "admitted_ms", a.admitted);
    put_time(out, "connected_ms", a.connected);
    put_time(out, "first_byte_ms", a.first_byte);
    put_time(out, "ended_ms", a.ended);
    out["reused"] = a.reused;
    out["status"] = a.status;
    out["refusal"] = a.refusal;
    out["code"] = text(a.code);
    out["back_off_ms"] = to_ms_fraction(a.back_off);
    if (a.resent_after) out["resent_after_ms"] = to_ms_fraction(*a.resent_after);
    if (a.failure) out["failure"] = failure(*a.failure);
    return out;
  }

  Json finding(const Finding& f) const {
    const std::string bytes = mask(f.excerpt, secrets);
    std::string hex;
    for (unsigned char c : bytes) {
      hex += "0123456789abcdef"[c >> 4];
      hex += "0123456789abcdef"[c & 15];
    }
    return {{"check", to_string(f.check)}, {"action", to_string(f.action)},
            {"attempt", f.attempt},        {"event", f.event},            {"offset", f.offset},
            {"at_read_boundary", f.at_read_boundary}, {"reason", text(f.reason)},
            {"excerpt_hex", hex},          {"excerpt_offset", f.excerpt_offset}, {"doubtful", f.doubtful}};
  }

  Json verdict() const {
    const Verdict& v = record.verdict;
    Json facts = Json::array();
    for (const std::string& fact : v.facts) facts.push_back(text(fact));
    return {{"blame", to_string(v.blame)}, {"cause", v.cause},   {"certainty", to_string(v.certainty)},
            {"summary", text(v.summary)},  {"facts", facts},     {"advice", v.advice}};
  }

  Json times() const {
    Json out = Json::object();
    put_time(out, "admitted", record.admitted);
    put_time(out, "connected", record.connected);
    put_time(out, "first_byte", record.first_byte);
    put_time(out, "first_event", record.first_event);
    put_time(out, "last_byte_in", record.last_byte_in);
    put_time(out, "last_byte_out", record.last_byte_out);
    put_time(out, "ended", record.ended);
    out["queued"] = to_ms_fraction(record.queued);
    out["own"] = to_ms_fraction(record.own);
    out["longest_gap"] = to_ms_fraction(record.longest_gap);
    return out;
  }

  static Json tcp(const TcpSample& t) {
    return {{"last_ack_ms", to_ms_fraction(t.last_ack)},     {"last_data_ms", to_ms_fraction(t.last_data)},
            {"round_trip_ms", to_ms_fraction(t.round_trip)}, {"unacknowledged", t.unacknowledged},
            {"retransmits", t.retransmits},                  {"unanswered_probes", t.unanswered_probes}};
  }

  Json upstream() const {
    Json out{{"address", record.upstream_address}, {"loopback", record.upstream_loopback},
             {"through_proxy", record.through_proxy}, {"tls", record.upstream_tls}};
    if (record.tls) {
      out["tls_version"] = record.tls->version;
      out["tls_issuer"] = record.tls->issuer;
      if (record.tls->public_ca) out["tls_public_ca"] = *record.tls->public_ca;
    }
    if (record.close_notify) out["close_notify"] = *record.close_notify;
    if (record.path) out["path"] = to_string(*record.path);
    if (record.tcp) out["tcp"] = tcp(*record.tcp);
    out["content_type"] = text(record.content_type);
    return out;
  }

  void add_identity(Json& out) const {
    out["id"] = record.id;
    out["started_at"] = iso8601(record.started_at);
    out["client"] = text(record.client);
    out["user_agent"] = text(record.user_agent);
    out["peer"] = record.peer;
    out["session"] = record.session;
    out["provider"] = record.provider;
    out["key"] = record.key;
    out["model"] = text(record.model);
    out["method"] = record.method;
    out["target"] = text(record.target);
    out["dialect"] = to_string(record.dialect);
    out["stream"] = record.stream;
    out["class"] = record.schedule_class;
    out["client_reused"] = record.client_reused;
    out["repeated"] = record.repeated;
    out["client_keep_alive"] = record.client_keep_alive;
    out["replay_of"] = record.replay_of;
  }

  void add_outcome(Json& out) const {
    out["status"] = record.status;
    out["delivered_body"] = record.delivered_body;
    out["ended_cleanly"] = record.ended_cleanly;
    out["finish_reason"] = text(record.finish_reason);
    out["provider_error"] = text(record.provider_error);
    out["events"] = record.events;
    out["bytes_in"] = record.bytes_in;
    out["bytes_out"] = record.bytes_out;
    out["inserted_bytes"] = record.inserted_bytes;
    out["request_bytes"] = record.request_bytes;
    out["in_tokens"] = record.in_tokens < 0 ? Json() : Json(record.in_tokens);
    out["out_tokens"] = record.out_tokens < 0 ? Json() : Json(record.out_tokens);
    out["sha256_in"] = record.sha256_in;
    out["sha256_out"] = record.sha256_out;
    if (!record.content_coding.empty()) out["content_coding"] = text(record.content_coding);
    if (!record.sha256_decoded.empty()) {
      out["sha256_decoded"] = record.sha256_decoded;
      out["bytes_decoded"] = record.bytes_decoded;
    }
    out["request_sha256"] = record.request_sha256;
    out["closed_first"] = to_string(record.closed_first);
    if (record.client_lost) out["client_lost"] = true;
    if (record.failure) out["failure"] = failure(*record.failure);
  }
};

}  // namespace

std::string record_to_json(const ExchangeRecord& record, std::span<const std::string> secrets) {
  const Writer writer{record, secrets};
  Json out = Json::object();
  writer.add_identity(out);
  writer.add_outcome(out);
  out["times_ms"] = writer.times();
  out["upstream"] = writer.upstream();
  out["attempts"] = Json::array();
  for (const Attempt& attempt : record.attempts) out["attempts"].push_back(writer.attempt(attempt));
  out["findings"] = Json::array();
  for (const Finding& finding : record.findings) out["findings"].push_back(writer.finding(finding));
  out["verdict"] = writer.verdict();
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace siltgate::observe
