// SPDX-License-Identifier: Apache-2.0
#include "cli/selftest_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "observe/record_json.hpp"
#include "observe/sha256.hpp"

namespace siltgate::cli {
namespace {

using observe::Blame;

/// What ends an OpenAI chat stream.
constexpr std::string_view proper_end = "data: [DONE]\n\n";

HttpRequest question(const Case& each) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  request.fields = {{"Content-Type", "application/json"}, {"User-Agent", "siltgate-selftest/1"}};
  request.body = fmt::format(
      R"({{"model":"{}","stream":true,"demo_pace_ms":2,"messages":[{{"role":"user","content":"self-test"}}]}})", each.model);
  return request;
}

/// The record is there once siltgate has settled the exchange, a moment after the client has its last byte.
void fetch_record(Seen& seen, std::uint16_t port) {
  if (seen.id.empty()) return;
  HttpRequest request;
  request.target = "/-/api/exchanges/" + seen.id;
  const TimePoint until = Clock::now() + std::chrono::seconds(3);
  while (Clock::now() < until) {
    const HttpReply reply = http_request({"", port}, request);
    const auto record = reply.status == 200 ? observe::record_from_json(reply.body) : std::nullopt;
    if (record) {
      seen.record = *record;
      seen.recorded = true;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Seen ask(const Case& each, std::uint16_t port) {
  Seen seen;
  seen.reply = http_request({"", port}, question(each));
  seen.id = seen.reply.fields.find("siltgate-id").value_or("");
  fetch_record(seen, port);
  return seen;
}

bool ends_properly(const HttpReply& reply) { return reply.complete && reply.body.ends_with(proper_end); }

std::string judge_outcome(const Case& each, const Seen& seen) {
  const HttpReply& reply = seen.reply;
  switch (each.outcome) {
    case Outcome::whole:
      if (reply.status != 200 || !ends_properly(reply)) return "not the whole answer";
      return observe::sha256_hex(reply.body) == seen.record.sha256_in ? "" : "other bytes than the provider sent";
    case Outcome::mended: return reply.status == 200 && ends_properly(reply) ? "" : "not the whole answer";
    case Outcome::broken_off:
      if (reply.status != 200) return "not a stream";
      return reply.complete || reply.body.find(proper_end) != std::string::npos ? "looks like a proper end" : "";
    case Outcome::refused: return reply.status == 429 && reply.body.find("\"1302\"") != std::string::npos ? "" : "not the provider's 429";
    case Outcome::bad_gateway: return reply.status == 502 ? "" : "not a 502";
  }
  return "no such outcome";
}

template <class List, class Item>
bool among(const List& list, const Item& item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

const std::vector<Case>& selftest_cases() {
  static const std::vector<Case> cases{
      {"sound stream", "demo/echo", Outcome::whole, {Blame::intact}, {"intact"}},
      {"three at once, cap 1", "demo/echo", Outcome::whole, {Blame::intact}, {"intact"}, 3},
      {"torn UTF-8", "demo/torn-utf8", Outcome::broken_off, {Blame::provider}, {"utf8"}},
      {"second response spliced in", "demo/splice", Outcome::broken_off, {Blame::provider}, {"splice"}},
      {"no finish reason", "demo/truncate", Outcome::broken_off, {Blame::provider}, {"finish"}},
      {"cut inside an event", "demo/cut", Outcome::broken_off, {Blame::provider}, {"upstream_closed", "upstream_reset"}},
      {"silence in mid-stream", "demo/stall", Outcome::broken_off, {Blame::provider}, {"upstream_silent"}},
      {"always 1302", "demo/429", Outcome::refused, {Blame::provider}, {"concurrency"}},
      {"web page", "demo/html", Outcome::bad_gateway, {Blame::provider}, {"content_type"}},
      {"JSON to a stream request", "demo/json", Outcome::bad_gateway, {Blame::provider}, {"content_type"}},
      {"unknown finish reason", "demo/sensitive", Outcome::mended, {Blame::intact}, {"repaired"}},
  };
  return cases;
}

std::vector<Seen> run_case(const Case& each, std::uint16_t port) {
  std::vector<std::future<Seen>> clients;
  for (int i = 0; i < each.clients; ++i) clients.push_back(std::async(std::launch::async, ask, std::cref(each), port));
  std::vector<Seen> out;
  for (auto& client : clients) out.push_back(client.get());
  return out;
}

std::string describe(const HttpReply& reply) {
  if (reply.status == 0) return reply.fault;
  if (reply.status != 200) return std::to_string(reply.status);
  const bool told = reply.body.find("data: {\"error\"") != std::string::npos;
  return fmt::format("200, {} bytes, {}", reply.body.size(), reply.complete ? "whole" : told ? "error event, cut" : "cut");
}

std::string judge_case(const Case& each, const Seen& seen) {
  if (!seen.recorded) return "no record of it";
  if (std::string wrong = judge_outcome(each, seen); !wrong.empty()) return wrong;
  if (!among(each.blames, seen.record.verdict.blame)) return "wrong verdict";
  return among(each.causes, std::string_view(seen.record.verdict.cause)) ? "" : "wrong cause";
}

}  // namespace siltgate::cli
