// SPDX-License-Identifier: Apache-2.0
#include "observe/exchange_metrics.hpp"

#include "observe/key_stats.hpp"

namespace siltgate::observe {
namespace {

using Kind = Family::Kind;

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

const std::vector<double> wait_buckets{0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};
const std::vector<double> first_event_buckets{0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600};
const std::vector<double> own_buckets{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1};
// These and the next are those of the OpenTelemetry semantic conventions for generative AI clients.
const std::vector<double> genai_seconds{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
const std::vector<double> genai_counts{1,     4,      16,      64,      256,      1024,     4096,
                                       16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};

std::string_view operation(Dialect dialect) { return dialect == Dialect::none ? "" : "chat"; }

void write_gauge(std::string& out, const char* name, const char* help, std::vector<std::string> labels,
                 const std::vector<std::pair<Labels, double>>& values) {
  Family family(Kind::gauge, name, help, std::move(labels));
  for (const auto& [set, value] : values) family.set(set, value);
  family.write(out);
}

void write_key_gauges(const State& state, std::string& out) {
  std::vector<std::pair<Labels, double>> in_flight, caps, waiting, oldest;
  for (const KeyRow& row : state.keys) {
    const Labels labels{row.provider, row.key, row.model};
    in_flight.emplace_back(labels, row.in_flight);
    caps.emplace_back(labels, row.cap);
    waiting.emplace_back(labels, row.waiting);
    oldest.emplace_back(labels, seconds(row.oldest_wait));
  }
  const std::vector<std::string> names{"provider", "key", "model"};
  write_gauge(out, "siltgate_in_flight", "Requests in flight at the provider.", names, in_flight);
  write_gauge(out, "siltgate_concurrency_cap", "Requests allowed in flight now; 0 means no cap.", names, caps);
  write_gauge(out, "siltgate_queue_waiting", "Requests waiting for a permit.", names, waiting);
  write_gauge(out, "siltgate_queue_oldest_seconds", "How long the oldest waiting request has waited.", names, oldest);
}

void write_shared_gauges(const State& state, std::string& out) {
  if (!state.shared) return;
  const SharedState& g = *state.shared;
  write_gauge(out, "siltgate_shared_up", "1 while the caps are shared through Redis, 0 while it is down.", {}, {{{}, g.mode == "shared" ? 1.0 : 0.0}});
  write_gauge(out, "siltgate_shared_instances", "Instances that share the caps, as last known.", {}, {{{}, static_cast<double>(g.parts)}});
  write_gauge(out, "siltgate_shared_lost_permits", "Permits lost since start because a lease could not be renewed in time.", {},
              {{{}, static_cast<double>(g.lost_permits)}});
}

}  // namespace

ExchangeMetrics::ExchangeMetrics()
    : requests_(Kind::counter, "siltgate_requests_total", "Finished exchanges by verdict.",
                {"provider", "key", "model", "verdict"}),
      refusals_(Kind::counter, "siltgate_upstream_refusals_total", "Attempts the provider refused.", {"class", "code"}),
      findings_(Kind::counter, "siltgate_findings_total", "What the stream checks found, by what was done.",
                {"check", "action"}),
      tokens_(Kind::counter, "siltgate_tokens_total", "Tokens as the provider counted them.",
              {"provider", "key", "model", "type"}),
      queue_wait_(Kind::histogram, "siltgate_queue_wait_seconds", "Time in the queue and in back-off, per exchange.",
                  {"provider", "key", "model"}, wait_buckets),
      first_event_(Kind::histogram, "siltgate_time_to_first_event_seconds",
                   "From the permit to the first event of the answer.", {"provider", "key", "model"}, first_event_buckets),
      event_gap_(Kind::histogram, "siltgate_event_gap_seconds", "Longest silence inside an answer, per exchange.",
                 {"provider", "key", "model"}, first_event_buckets),
      own_time_(Kind::histogram, "siltgate_own_time_seconds", "Time siltgate itself took, per exchange.", {}, own_buckets),
      genai_duration_(Kind::histogram, "gen_ai_client_operation_duration_seconds",
                      "OpenTelemetry: duration of the operation as the client saw it.",
                      {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"}, genai_seconds),
      genai_first_chunk_(Kind::histogram, "gen_ai_client_operation_time_to_first_chunk_seconds",
                         "OpenTelemetry: from the request to the first event, streamed answers only.",
                         {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}, genai_seconds),
      genai_chunk_(Kind::histogram, "gen_ai_client_operation_time_per_output_chunk_seconds",
                   "OpenTelemetry: between two pieces of an answer, as they were read; streamed answers only.",
                   {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}, genai_seconds),
      genai_tokens_(Kind::histogram, "gen_ai_client_token_usage", "OpenTelemetry: tokens per operation.",
                    {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"},
                    genai_counts) {}

void ExchangeMetrics::count(const ExchangeRecord& record) {
  const Labels who{record.provider, record.key, record.model};
  requests_.add({record.provider, record.key, record.model, std::string(to_string(record.verdict.blame))});
  for (const Finding& finding : record.findings)
    findings_.add({std::string(to_string(finding.check)), std::string(to_string(finding.action))});
  count_attempts(record);
  if (!record.provider.empty()) queue_wait_.observe(who, seconds(record.queued));
  if (const Duration first = time_to_first_event(record); first > Duration{0}) first_event_.observe(who, seconds(first));
  if (record.longest_gap > Duration{0}) event_gap_.observe(who, seconds(record.longest_gap));
  if (record.own > Duration{0}) own_time_.observe({}, seconds(record.own));
  if (record.in_tokens >= 0)
    tokens_.add({record.provider, record.key, record.model, "input"}, static_cast<double>(record.in_tokens));
  if (record.out_tokens >= 0)
    tokens_.add({record.provider, record.key, record.model, "output"}, static_cast<double>(record.out_tokens));
  count_genai(record);
}

void ExchangeMetrics::count_attempts(const ExchangeRecord& record) {
  for (const Attempt& attempt : record.attempts)
    if (!attempt.refusal.empty())
      refusals_.add({attempt.refusal, attempt.code.empty() ? std::to_string(attempt.status) : attempt.code});
}

void ExchangeMetrics::count_genai(const ExchangeRecord& record) {
  const std::string name(operation(record.dialect));
  if (name.empty() || record.provider.empty()) return;
  const std::string error = record.verdict.blame == Blame::intact ? "" : record.verdict.cause;
  if (record.ended > record.accepted)
    genai_duration_.observe({name, record.provider, record.model, error}, seconds(record.ended - record.accepted));
  if (record.stream && record.first_event > record.accepted)
    genai_first_chunk_.observe({name, record.provider, record.model}, seconds(record.first_event - record.accepted));
  if (record.stream && record.first_event != TimePoint{})
    genai_chunk_.observe_all({name, record.provider, record.model}, record.chunk_times.counts, seconds(record.chunk_times.sum));
  if (record.in_tokens >= 0)
    genai_tokens_.observe({name, record.provider, record.model, "input"}, static_cast<double>(record.in_tokens));
  if (record.out_tokens >= 0)
    genai_tokens_.observe({name, record.provider, record.model, "output"}, static_cast<double>(record.out_tokens));
}

std::string ExchangeMetrics::expose(const State& state) const {
  std::string out;
  write_gauge(out, "siltgate_build_info", "Always 1; the label names the version.", {"version"}, {{{state.version}, 1}});
  write_key_gauges(state, out);
  write_shared_gauges(state, out);
  write_gauge(out, "siltgate_capture_bytes", "Size of all captures on disk.", {}, {{{}, static_cast<double>(state.capture_bytes)}});
  for (const Family* family : {&requests_, &refusals_, &findings_, &tokens_, &queue_wait_, &first_event_, &event_gap_,
                               &own_time_, &genai_duration_, &genai_first_chunk_, &genai_chunk_, &genai_tokens_})
    family->write(out);
  return out;
}

}  // namespace siltgate::observe
