// SPDX-License-Identifier: Apache-2.0
// Reading half of record_json.hpp.
#include <nlohmann/json.hpp>

#include "base/tls_error.hpp"
#include "observe/record_json.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::json;

/// Steady times are rebuilt around this instant: any that is not TimePoint{}, which means "unset".
constexpr TimePoint start = TimePoint{} + std::chrono::hours(24 * 365);

Duration from_ms(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

template <class T>
void get(const Json& in, const char* name, T& out) {
  if (auto it = in.find(name); it != in.end() && !it->is_null()) out = it->get<T>();
}

void get_time(const Json& in, const char* name, TimePoint& out) {
  if (auto it = in.find(name); it != in.end() && !it->is_null()) out = start + from_ms(it->get<double>());
}

void get_duration(const Json& in, const char* name, Duration& out) {
  if (auto it = in.find(name); it != in.end() && !it->is_null()) out = from_ms(it->get<double>());
}

/// Sets `out` to the enumerator, `first` to `last`, whose to_string is the member's text.
template <class E>
void get_word(const Json& in, const char* name, E last, E& out) {
  const std::string word = in.value(name, std::string());
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (to_string(static_cast<E>(i)) == word) out = static_cast<E>(i);
}

Failure read_failure(const Json& in) {
  Failure out;
  get_word(in, "phase", Phase::relay_body, out.phase);
  get_word(in, "party", Party::siltgate, out.party);
  get_word(in, "cause", Cause::bug, out.cause);
  get(in, "detail", out.detail);
  if (auto it = in.find("system"); it != in.end()) {
    const std::string category = it->value("category", "");
    const int value = it->value("value", 0);
    if (category == "system")
      out.system = {value, boost::system::system_category()};
    else if (category == "generic")
      out.system = {value, boost::system::generic_category()};
    else if (category == "tls")
      out.system = {value, tls_category()};
    else
      out.detail += (out.detail.empty() ? "" : ": ") + it->value("message", "");
  }
  return out;
}

Attempt read_attempt(const Json& in) {
  in.at("status");  // throws on what is no object
  Attempt out;
  get_time(in, "admitted_ms", out.admitted);
  get_time(in, "connected_ms", out.connected);
  get_time(in, "first_byte_ms", out.first_byte);
  get_time(in, "ended_ms", out.ended);
  get(in, "reused", out.reused);
  get(in, "status", out.status);
  get(in, "refusal", out.refusal);
  get(in, "code", out.code);
  get_duration(in, "back_off_ms", out.back_off);
  if (in.contains("resent_after_ms")) get_duration(in, "resent_after_ms", out.resent_after.emplace());
  if (auto it = in.find("failure"); it != in.end()) out.failure = read_failure(*it);
  return out;
}

int nibble(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0; }

Finding read_finding(const Json& in) {
  in.at("check");
  Finding out;
  get_word(in, "check", Check::garble, out.check);
  get_word(in, "action", Action::reject, out.action);
  get(in, "attempt", out.attempt);
  get(in, "event", out.event);
  get(in, "offset", out.offset);
  get(in, "at_read_boundary", out.at_read_boundary);
  get(in, "reason", out.reason);
  get(in, "excerpt_offset", out.excerpt_offset);
  get(in, "doubtful", out.doubtful);
  const std::string hex = in.value("excerpt_hex", std::string());
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.excerpt += static_cast<char>(nibble(hex[i]) * 16 + nibble(hex[i + 1]));
  return out;
}

void read_verdict(const Json& in, Verdict& out) {
  get_word(in, "blame", Blame::unknown, out.blame);
  get_word(in, "certainty", Certainty::cannot_tell, out.certainty);
  get(in, "cause", out.cause);
  get(in, "summary", out.summary);
  get(in, "facts", out.facts);
  get(in, "advice", out.advice);
}

void read_times(const Json& in, ExchangeRecord& out) {
  out.accepted = start;
  get_time(in, "admitted", out.admitted);
  get_time(in, "connected", out.connected);
  get_time(in, "first_byte", out.first_byte);
  get_time(in, "first_event", out.first_event);
  get_time(in, "last_byte_in", out.last_byte_in);
  get_time(in, "last_byte_out", out.last_byte_out);
  get_time(in, "ended", out.ended);
  get_duration(in, "queued", out.queued);
  get_duration(in, "own", out.own);
  get_duration(in, "longest_gap", out.longest_gap);
}

void read_upstream(const Json& in, ExchangeRecord& out) {
  get(in, "address", out.upstream_address);
  get(in, "loopback", out.upstream_loopback);
  get(in, "through_proxy", out.through_proxy);
  get(in, "tls", out.upstream_tls);
  get(in, "content_type", out.content_type);
  if (in.contains("tls_issuer")) {
    TlsSummary tls;
    get(in, "tls_version", tls.version);
    get(in, "tls_issuer", tls.issuer);
    if (in.contains("tls_public_ca")) tls.public_ca = in["tls_public_ca"].get<bool>();
    out.tls = tls;
  }
  if (in.contains("close_notify")) out.close_notify = in["close_notify"].get<bool>();
  if (in.contains("path")) {
    PathState path = PathState::unknown;
    get_word(in, "path", PathState::dead, path);
    out.path = path;
  }
  if (in.contains("tcp")) {
    TcpSample tcp;
    get_duration(in["tcp"], "last_ack_ms", tcp.last_ack);
    get_duration(in["tcp"], "last_data_ms", tcp.last_data);
    get_duration(in["tcp"], "round_trip_ms", tcp.round_trip);
    get(in["tcp"], "unacknowledged", tcp.unacknowledged);
    get(in["tcp"], "retransmits", tcp.retransmits);
    get(in["tcp"], "unanswered_probes", tcp.unanswered_probes);
    out.tcp = tcp;
  }
}

void read_identity(const Json& in, ExchangeRecord& out) {
  get(in, "id", out.id);
  if (auto time = parse_iso8601(in.value("started_at", std::string()))) out.started_at = *time;
  get(in, "client", out.client);
  get(in, "user_agent", out.user_agent);
  get(in, "peer", out.peer);
  get(in, "session", out.session);
  get(in, "provider", out.provider);
  get(in, "key", out.key);
  get(in, "model", out.model);
  get(in, "method", out.method);
  get(in, "target", out.target);
  get_word(in, "dialect", Dialect::anthropic_messages, out.dialect);
  get(in, "stream", out.stream);
  get(in, "class", out.schedule_class);
  get(in, "client_reused", out.client_reused);
  get(in, "repeated", out.repeated);
  get(in, "client_keep_alive", out.client_keep_alive);
  get(in, "replay_of", out.replay_of);
}

void read_outcome(const Json& in, ExchangeRecord& out) {
  get(in, "status", out.status);
  get(in, "delivered_body", out.delivered_body);
  get(in, "ended_cleanly", out.ended_cleanly);
  get(in, "finish_reason", out.finish_reason);
  get(in, "provider_error", out.provider_error);
  get(in, "events", out.events);
  get(in, "bytes_in", out.bytes_in);
  get(in, "bytes_out", out.bytes_out);
  get(in, "inserted_bytes", out.inserted_bytes);
  get(in, "request_bytes", out.request_bytes);
  get(in, "in_tokens", out.in_tokens);
  get(in, "out_tokens", out.out_tokens);
  get(in, "sha256_in", out.sha256_in);
  get(in, "sha256_out", out.sha256_out);
  get(in, "content_coding", out.content_coding);
  get(in, "sha256_decoded", out.sha256_decoded);
  get(in, "bytes_decoded", out.bytes_decoded);
  get(in, "request_sha256", out.request_sha256);
  get_word(in, "closed_first", Closer::siltgate, out.closed_first);
  get(in, "client_lost", out.client_lost);
  if (auto it = in.find("failure"); it != in.end()) out.failure = read_failure(*it);
}

}  // namespace

std::optional<ExchangeRecord> record_from_json(std::string_view json) {
  const Json in = Json::parse(json, nullptr, false);
  if (!in.is_object()) return {};
  try {
    ExchangeRecord out;
    read_identity(in, out);
    read_outcome(in, out);
    read_times(in.value("times_ms", Json::object()), out);
    read_upstream(in.value("upstream", Json::object()), out);
    for (const Json& attempt : in.value("attempts", Json::array())) out.attempts.push_back(read_attempt(attempt));
    for (const Json& finding : in.value("findings", Json::array())) out.findings.push_back(read_finding(finding));
    read_verdict(in.value("verdict", Json::object()), out.verdict);
    return out;
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace siltgate::observe
