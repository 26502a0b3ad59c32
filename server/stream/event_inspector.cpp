// SPDX-License-Identifier: Apache-2.0
#include "stream/event_inspector.hpp"

#include "stream/chunk_reader.hpp"
#include "stream/sse_field.hpp"

namespace siltgate::stream {
namespace {

constexpr std::size_t kept_joined = 1024;

/// Position behind which a second response begins inside `event`, npos if none shows: a field name and colon in the
/// middle of a line, followed by the start of an object or [DONE].
std::size_t find_pasted_field(std::string_view event) {
  for (std::size_t at = event.find("data:", 1); at != std::string_view::npos; at = event.find("data:", at + 1)) {
    if (event[at - 1] == '\n' || event[at - 1] == '\r') continue;
    std::string_view rest = event.substr(at + 5);
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.starts_with('{') || rest.starts_with("[DONE]")) return at;
  }
  for (std::size_t at = event.find("event:", 1); at != std::string_view::npos; at = event.find("event:", at + 1))
    if (event[at - 1] != '\n' && event[at - 1] != '\r') return at;
  return std::string_view::npos;
}

}  // namespace

EventInspector::EventInspector(Dialect dialect, const Config& config)
    : dialect_(dialect), config_(config), rules_(make_rules(dialect, config_.finish_reason_map)) {
  if (looks_at(Check::garble)) garble_.emplace(dialect);
}

void EventInspector::add(Check check, std::string reason, std::size_t at, bool only_flag) {
  found_.faults.push_back({check, std::move(reason), at, only_flag, 0, {}});
}

/// 1. A name that begins behind a cut-off one is a splice. 2. Any other token is ignored by readers: worth a flag.
void EventInspector::unknown_field(std::string_view name, std::size_t at) {
  if (is_joined_name(name)) add(Check::splice, "a field name begins inside another", at);  // 1
  else add(Check::sse, "a field that readers ignore", at, true);                           // 2
}

void EventInspector::read_fields(std::string_view event, Payload& payload) {
  Field field;
  FieldReader fields(event);
  while (fields.next(field)) {
    switch (field.kind) {
      case FieldKind::data:
        if (++payload.lines == 1) {
          payload.text = field.value;
          payload.at = static_cast<std::size_t>(field.value.data() ? field.value.data() - event.data() : 0);
          break;
        }
        if (payload.lines == 2) joined_.assign(payload.text);
        joined_ += '\n';
        joined_ += field.value;
        break;
      case FieldKind::event:
        if (!found_.name.empty()) add(Check::splice, "an event has two names", field.at);
        found_.name = field.value;
        if (field.value.find("event:") != std::string_view::npos || field.value.find("data:") != std::string_view::npos)
          add(Check::splice, "a field begins inside the name of an event", field.at);
        break;
      case FieldKind::error:
        found_.provider_error = true;
        found_.error_payload = field.value;
        add(Check::sse, "the provider reports an error in a field of its own", field.at, true);
        break;
      case FieldKind::unknown: unknown_field(field.name, field.at); break;
      case FieldKind::debris: add(Check::sse, "a line whose field name is not a token", field.at); break;
      default: break;
    }
  }
  if (payload.lines > 1) payload.text = joined_;
}

void EventInspector::broken_json(std::string_view event, const Payload& payload, std::size_t at,
                                 std::string_view reason) {
  if (looks_at(Check::splice)) {
    if (const std::size_t pasted = find_pasted_field(event); pasted != std::string_view::npos)
      add(Check::splice, "a field begins inside the payload of another event", pasted);
    else if (payload.lines > 1)
      add(Check::splice, "an event holds pieces of several payloads", payload.at);
  }
  if (payload.text.empty()) add(Check::json, "the payload is empty", payload.at);
  else add(Check::json, "the payload is not one JSON value: " + std::string(reason), at);
}

void EventInspector::read_payload(std::string_view event, const Payload& payload) {
  auto& reader = ChunkReader::of_thread();
  const auto read = reader.read(payload.text);
  const std::size_t at = payload.at + (payload.lines > 1 ? 0 : read.fault_at);
  if (!read.sound) {
    found_.provider_error |= found_.name == "error";
    found_.error_payload = payload.text;
    return broken_json(event, payload, at, read.reason);
  }
  const ChunkFacts& facts = reader.facts();
  found_.readable = true;
  if (facts.duplicate_key) add(Check::json, "a member of the payload occurs twice", payload.at);
  if (is_provider_error(facts, found_.name)) {
    found_.provider_error = true;
    found_.error_shown = is_shown_error(dialect_, facts, found_.name);
    found_.error_payload = payload.text;
  }
  const std::size_t first = found_.faults.size();
  rules_->check(facts, found_.name, found_.faults);
  for (std::size_t i = first; i < found_.faults.size(); ++i) {
    found_.faults[i].at += payload.at;
    if (payload.lines > 1) found_.faults[i].replacement.clear();
  }
}

Inspection& EventInspector::inspect(std::string_view event) {
  found_.faults.clear();
  found_ = Inspection{std::move(found_.faults), false, false, false, false, {}, false, {}};
  if (joined_.capacity() > kept_joined) std::string().swap(joined_);
  Payload payload;
  if (const std::size_t nul = event.find('\0'); nul != std::string_view::npos) add(Check::sse, "a NUL byte", nul);
  read_fields(event, payload);
  found_.has_data = payload.lines > 0;
  if (!found_.has_data) {
    found_.provider_error |= found_.name == "error";
    return found_;
  }
  if (payload.text == "[DONE]") found_.done = true;
  else read_payload(event, payload);
  return found_;
}

void EventInspector::accept() {
  if (found_.done) {
    rules_->done(found_.faults);
  } else if (found_.readable) {
    const ChunkFacts& facts = ChunkReader::of_thread().facts();
    rules_->accept(facts, found_.faults);
    if (garble_) garble_->take(facts, found_.faults);
  }
  if (garble_ && (found_.done || rules_->said().ended)) garble_->finish(found_.faults);
}

}  // namespace siltgate::stream
