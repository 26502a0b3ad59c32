// SPDX-License-Identifier: Apache-2.0
#include "observe/state.hpp"

#include <nlohmann/json.hpp>

#include "observe/record_json.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json ms_or_null(const std::optional<Duration>& time) { return time ? Json(to_ms(*time)) : Json(); }

Json key_json(const KeyRow& k) {
  return {{"provider", k.provider},
          {"key", k.key},
          {"model", k.model},
          {"in_flight", k.in_flight},
          {"cap", k.cap},
          {"automatic", k.automatic},
          {"cap_from", text_or_null(k.cap_from)},
          {"bottleneck", text_or_null(k.bottleneck)},
          {"waiting", k.waiting},
          {"oldest_wait_ms", to_ms(k.oldest_wait)},
          {"held_ms", ms_or_null(k.held)},
          {"held_reason", text_or_null(k.held_reason)},
          {"refusals", k.refusals},
          {"damaged", k.damaged},
          {"finished", k.finished},
          {"ttft_p50_ms", ms_or_null(k.ttft_p50)},
          {"ttft_p95_ms", ms_or_null(k.ttft_p95)},
          {"tokens_per_second", k.tokens_per_second ? Json(*k.tokens_per_second) : Json()}};
}

Json waiting_json(const WaitingRow& w) {
  return {{"id", w.id},       {"provider", w.provider},       {"key", w.key},         {"model", w.model},
          {"class", w.schedule_class}, {"session", w.session}, {"position", w.position}, {"waited_ms", to_ms(w.waited)}};
}

Json tcp_json(const TcpSample& t) {
  return {{"last_ack_ms", to_ms(t.last_ack)}, {"last_data_ms", to_ms(t.last_data)}, {"round_trip_ms", std::chrono::duration<double, std::milli>(t.round_trip).count()},
          {"unacknowledged", t.unacknowledged}, {"retransmits", t.retransmits}, {"unanswered_probes", t.unanswered_probes}};
}

Json live_json(const LiveRow& l) {
  return {{"id", l.id},         {"provider", l.provider}, {"key", l.key},       {"model", l.model},
          {"client", l.client}, {"phase", l.phase},       {"age_ms", to_ms(l.age)}, {"events", l.events},
          {"bytes", l.bytes},   {"silence_ms", to_ms(l.silence)}, {"ttft_ms", ms_or_null(l.ttft)},
          {"events_per_second", l.events_per_second ? Json(*l.events_per_second) : Json()},
          {"attempts", l.attempts}, {"path", text_or_null(l.path)}, {"path_words", text_or_null(l.path_words)},
          {"tcp", l.tcp ? tcp_json(*l.tcp) : Json()}};
}

Json shared_json(const SharedState& g) {
  Json out{{"redis", g.redis},   {"mode", g.mode},   {"settling", g.settling}, {"since_ms", to_ms(g.since)},
           {"trouble", text_or_null(g.trouble)}, {"parts", g.parts}, {"lost_permits", g.lost_permits}, {"instances", Json::array()}};
  for (const InstanceRow& i : g.instances)
    out["instances"].push_back(Json{{"name", i.name}, {"version", i.version}, {"self", i.self}, {"in_flight", i.in_flight},
                                    {"waiting", i.waiting}, {"lease_ms", to_ms(i.lease_left)}});
  return out;
}

template <class T>
void get(const Json& in, const char* name, T& out) {
  if (auto it = in.find(name); it != in.end() && !it->is_null()) out = it->get<T>();
}

void get_ms(const Json& in, const char* name, Duration& out) {
  if (auto it = in.find(name); it != in.end() && !it->is_null()) out = std::chrono::milliseconds(it->get<std::int64_t>());
}

void get_ms(const Json& in, const char* name, std::optional<Duration>& out) {
  if (auto it = in.find(name); it != in.end() && !it->is_null()) out = std::chrono::milliseconds(it->get<std::int64_t>());
}

KeyRow read_key(const Json& in) {
  KeyRow k;
  get(in, "provider", k.provider);
  get(in, "key", k.key);
  get(in, "model", k.model);
  get(in, "in_flight", k.in_flight);
  get(in, "cap", k.cap);
  get(in, "automatic", k.automatic);
  get(in, "cap_from", k.cap_from);
  get(in, "bottleneck", k.bottleneck);
  get(in, "waiting", k.waiting);
  get_ms(in, "oldest_wait_ms", k.oldest_wait);
  get_ms(in, "held_ms", k.held);
  get(in, "held_reason", k.held_reason);
  get(in, "refusals", k.refusals);
  get(in, "damaged", k.damaged);
  get(in, "finished", k.finished);
  get_ms(in, "ttft_p50_ms", k.ttft_p50);
  get_ms(in, "ttft_p95_ms", k.ttft_p95);
  double rate = -1;
  get(in, "tokens_per_second", rate);
  if (rate >= 0) k.tokens_per_second = rate;
  return k;
}

WaitingRow read_waiting(const Json& in) {
  WaitingRow w;
  get(in, "id", w.id);
  get(in, "provider", w.provider);
  get(in, "key", w.key);
  get(in, "model", w.model);
  get(in, "class", w.schedule_class);
  get(in, "session", w.session);
  get(in, "position", w.position);
  get_ms(in, "waited_ms", w.waited);
  return w;
}

TcpSample read_tcp(const Json& in) {
  TcpSample t;
  get_ms(in, "last_ack_ms", t.last_ack);
  get_ms(in, "last_data_ms", t.last_data);
  double round_trip = 0;
  get(in, "round_trip_ms", round_trip);
  t.round_trip = std::chrono::round<Duration>(std::chrono::duration<double, std::milli>(round_trip));
  get(in, "unacknowledged", t.unacknowledged);
  get(in, "retransmits", t.retransmits);
  get(in, "unanswered_probes", t.unanswered_probes);
  return t;
}

LiveRow read_live(const Json& in) {
  LiveRow l;
  get(in, "id", l.id);
  get(in, "provider", l.provider);
  get(in, "key", l.key);
  get(in, "model", l.model);
  get(in, "client", l.client);
  get(in, "phase", l.phase);
  get_ms(in, "age_ms", l.age);
  get_ms(in, "silence_ms", l.silence);
  get_ms(in, "ttft_ms", l.ttft);
  double rate = -1;
  get(in, "events_per_second", rate);
  if (rate >= 0) l.events_per_second = rate;
  get(in, "attempts", l.attempts);
  get(in, "path", l.path);
  get(in, "path_words", l.path_words);
  if (auto tcp = in.find("tcp"); tcp != in.end() && tcp->is_object()) l.tcp = read_tcp(*tcp);
  get(in, "events", l.events);
  get(in, "bytes", l.bytes);
  return l;
}

SharedState read_shared(const Json& in) {
  SharedState g;
  get(in, "redis", g.redis);
  get(in, "mode", g.mode);
  get(in, "trouble", g.trouble);
  get(in, "settling", g.settling);
  get_ms(in, "since_ms", g.since);
  get(in, "parts", g.parts);
  get(in, "lost_permits", g.lost_permits);
  for (const Json& row : in.value("instances", Json::array())) {
    InstanceRow& i = g.instances.emplace_back();
    get(row, "name", i.name);
    get(row, "version", i.version);
    get(row, "self", i.self);
    get(row, "in_flight", i.in_flight);
    get(row, "waiting", i.waiting);
    get_ms(row, "lease_ms", i.lease_left);
  }
  return g;
}

State read_state(const Json& in) {
  State s;
  get(in, "version", s.version);
  get(in, "pid", s.pid);
  if (auto time = parse_iso8601(in.value("started_at", std::string()))) s.started_at = *time;
  get_ms(in, "uptime_ms", s.uptime);
  get(in, "listen", s.listen);
  get(in, "config_file", s.config_file);
  get(in, "draining", s.draining);
  get(in, "last_reload_error", s.last_reload_error);
  get(in, "bottleneck", s.bottleneck);
  get(in, "in_flight", s.in_flight);
  get(in, "waiting_total", s.waiting_total);
  get(in, "connections", s.connections);
  get(in, "capture_bytes", s.capture_bytes);
  get(in, "capture_mode", s.capture_mode);
  get(in, "capture_folder", s.capture_folder);
  get(in, "capture_stopped", s.capture_stopped);
  for (const Json& p : in.value("providers", Json::array()))
    s.providers.push_back({p.value("name", ""), p.value("base_url", ""), p.value("profile", ""), p.value("default", false)});
  for (const Json& key : in.value("keys", Json::array())) s.keys.push_back(read_key(key));
  for (const Json& row : in.value("waiting", Json::array())) s.waiting.push_back(read_waiting(row));
  for (const Json& row : in.value("live", Json::array())) s.live.push_back(read_live(row));
  if (auto it = in.find("shared"); it != in.end() && it->is_object()) s.shared = read_shared(*it);
  return s;
}

}  // namespace

std::string state_to_json(const State& s) {
  Json out{{"version", s.version},
           {"pid", s.pid},
           {"started_at", iso8601(s.started_at)},
           {"uptime_ms", to_ms(s.uptime)},
           {"listen", s.listen},
           {"config_file", text_or_null(s.config_file)},
           {"draining", s.draining},
           {"last_reload_error", text_or_null(s.last_reload_error)},
           {"bottleneck", text_or_null(s.bottleneck)},
           {"shared", s.shared ? shared_json(*s.shared) : Json()},
           {"in_flight", s.in_flight},
           {"waiting_total", s.waiting_total},
           {"connections", s.connections},
           {"capture_bytes", s.capture_bytes},
           {"capture_mode", text_or_null(s.capture_mode)},
           {"capture_folder", text_or_null(s.capture_folder)},
           {"capture_stopped", text_or_null(s.capture_stopped)}};
  out["providers"] = Json::array();
  for (const ProviderRow& p : s.providers)
    out["providers"].push_back(
        Json{{"name", p.name}, {"base_url", p.base_url}, {"profile", p.profile}, {"default", p.is_default}});
  out["keys"] = Json::array();
  for (const KeyRow& key : s.keys) out["keys"].push_back(key_json(key));
  out["waiting"] = Json::array();
  for (const WaitingRow& row : s.waiting) out["waiting"].push_back(waiting_json(row));
  out["live"] = Json::array();
  for (const LiveRow& row : s.live) out["live"].push_back(live_json(row));
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<State> state_from_json(std::string_view json) {
  const Json in = Json::parse(json, nullptr, false);
  if (!in.is_object()) return {};
  try {
    return read_state(in);
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace siltgate::observe
