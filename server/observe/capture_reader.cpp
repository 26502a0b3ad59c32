// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_reader.hpp"

#include <nlohmann/json.hpp>

#include "observe/base64.hpp"
#include "observe/capture_lines.hpp"
#include "observe/record_json.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::json;

bool same_name(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return low(x) == low(y); });
}

Dialect dialect_named(const std::string& name) {
  for (Dialect dialect : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages})
    if (to_string(dialect) == name) return dialect;
  return Dialect::none;
}

HeadFields fields_in(const Json& line) {
  HeadFields out;
  for (const Json& field : line.value("fields", Json::array())) out.emplace_back(field.at(0), field.at(1));
  return out;
}

CapturedHead head_in(const Json& line) {
  return {line.value("version", ""), line.value("status", 0), line.value("reason", ""), fields_in(line), line.value("ns", std::int64_t{0})};
}

std::string bytes_in(const Json& line) { return from_base64(line.value("bytes", "")).value_or(""); }

Finding finding_in(const Json& line) {
  Finding out;
  for (int i = 0; i < check_count; ++i)
    if (to_string(static_cast<Check>(i)) == line.value("check", "")) out.check = static_cast<Check>(i);
  for (Action action : {Action::pass, Action::flag, Action::repair, Action::drop, Action::reject})
    if (to_string(action) == line.value("action", "")) out.action = action;
  out.attempt = line.value("attempt", 0);
  out.event = line.value("event", std::uint64_t{0});
  out.offset = line.value("offset", std::uint64_t{0});
  out.at_read_boundary = line.value("at_read_boundary", false);
  out.reason = line.value("reason", "");
  return out;
}

struct Reader {
  Capture capture{};

  CapturedAttempt& attempt_of(const Json& line) {
    const int number = line.value("attempt", 0);
    if (capture.attempts.empty() || capture.attempts.back().number != number) capture.attempts.push_back({number, {}, {}, false, {}, {}, 0});
    return capture.attempts.back();
  }

  void take_read(const Json& line) {
    CapturedAttempt& attempt = attempt_of(line);
    CapturedRead read;
    read.ns = line.value("ns", std::int64_t{0});
    if (!attempt.reads.empty()) read.offset = attempt.reads.back().offset + attempt.reads.back().bytes.size();
    read.bytes = bytes_in(line);
    read.chunk_ends = line.value("chunks", std::vector<std::uint32_t>{});
    attempt.reads.push_back(std::move(read));
  }

  void take_delivery(const Json& line) {
    CapturedDelivery delivery{line.value("ns", std::int64_t{0}), line.value("attempt", 0), bytes_in(line), line.value("own", false)};
    if (line.contains("from")) {
      // Appended to the end is where it almost always stands; the whole body is put together only when it is not.
      const CapturedAttempt& attempt = attempt_of(line);
      const std::uint64_t from = line.at("from"), size = line.at("size");
      std::string joined;
      std::uint64_t start = 0;
      for (auto read = attempt.reads.rbegin(); read != attempt.reads.rend(); ++read) {
        joined.insert(0, read->bytes);
        start = read->offset;
        if (start <= from) break;
      }
      if (from >= start && from - start <= joined.size()) delivery.bytes = joined.substr(from - start, size);
    }
    capture.deliveries.push_back(std::move(delivery));
  }

  void take_end(const Json& line) {
    CapturedAttempt& attempt = attempt_of(line);
    attempt.how = line.value("how", "");
    attempt.detail = line.value("detail", "");
    attempt.end_ns = line.value("ns", std::int64_t{0});
  }

  void take_head(const Json& line) {
    capture.siltgate = line.value("siltgate", "");
    capture.id = line.value("id", "");
    if (auto time = parse_iso8601(line.value("started_at", ""))) capture.started_at = *time;
    capture.method = line.value("method", "");
    capture.target = line.value("target", "");
    capture.url = line.value("url", "");
    capture.provider = line.value("provider", "");
    capture.dialect = dialect_named(line.value("dialect", ""));
    capture.stream = line.value("stream", false);
    capture.fields = fields_in(line);
    capture.request_bytes = line.value("request_bytes", std::uint64_t{0});
    capture.request_sha256 = line.value("request_sha256", "");
  }

  void take_tail(const Json& line) {
    capture.complete = line.value("complete", false);
    capture.masked = line.value("masked", std::uint64_t{0});
    capture.record = record_from_json(line.value("record", Json::object()).dump());
  }

  void take(const Json& line) {
    const std::string type = line.value("type", "");
    if (type == "request_body") capture.request_body = bytes_in(line);
    else if (type == "response") attempt_of(line).head = head_in(line);
    else if (type == "read") take_read(line);
    else if (type == "body_end") attempt_of(line).body_complete = true;
    else if (type == "finding") capture.findings.push_back(finding_in(line));
    else if (type == "end") take_end(line);
    else if (type == "reply") capture.reply = head_in(line);
    else if (type == "delivery") take_delivery(line);
    else if (type == "tail") take_tail(line);
  }
};

}  // namespace

std::string field_of(const HeadFields& fields, std::string_view name) {
  for (const auto& [each, value] : fields)
    if (same_name(each, name)) return value;
  return {};
}

std::string CapturedAttempt::body() const {
  std::string out;
  for (const CapturedRead& read : reads) out += read.bytes;
  return out;
}

const CapturedAttempt* Capture::attempt(int number) const {
  if (number == 0) return attempts.empty() ? nullptr : &attempts.back();
  for (const CapturedAttempt& each : attempts)
    if (each.number == number) return &each;
  return nullptr;
}

std::string Capture::delivered(bool with_own) const {
  std::string out;
  for (const CapturedDelivery& delivery : deliveries)
    if (with_own || !delivery.own) out += delivery.bytes;
  return out;
}

std::optional<Capture> read_capture(std::string_view text) {
  Reader reader;
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const Json line = Json::parse(text.substr(0, end), nullptr, false);
    text.remove_prefix(end + 1);
    try {
      if (first && (!line.is_object() || line.value("type", "") != "head" || line.value("format", 0) != capture_format)) return {};
      if (first) reader.take_head(line);
      else if (line.is_object()) reader.take(line);
    } catch (const Json::exception&) {
      return {};
    }
    first = false;
  }
  if (first) return {};
  return std::move(reader.capture);
}

}  // namespace siltgate::observe
