// SPDX-License-Identifier: Apache-2.0
#include "stream/event_inspector.hpp"

#include "stream/chunk_reader.hpp"
#include "stream/sse_field.hpp"

namespace siltgate::stream {
namespace {

constexpr std::size_t kept_text = 1024;   // of one event; more is given back
constexpr std::string_view usual_start = "data: {";

/// Position behind which a second response begins inside `event`, npos if none shows: a field name and colon in the
/// middle of a line, followed by the start of an object or [DONE].
std::size_t find_pasted_field(std::string_view event) {
  for (std::size_t at = event.find("data:", 1); at != std::string_view::npos; at = event.find("data:", at + 1)) {
    if (event[at - 1] == '\n' || event[at - 1] == '\r') continue;
    if (payload_follows(event.substr(at + 5))) return at;
  }
  for (std::size_t at = event.find("event:", 1); at != std::string_view::npos; at = event.find("event:", at + 1))
    if (event[at - 1] != '\n' && event[at - 1] != '\r') return at;
  return std::string_view::npos;
}

void add(Inspection& found, Check check, std::string reason, std::size_t at, bool only_flag = false) {
  found.faults.push_back({check, std::move(reason), at, only_flag, 0, {}});
}

void look_for_nul(std::string_view event, Inspection& found) {
  if (const std::size_t nul = event.find('\0'); nul != std::string_view::npos) add(found, Check::sse, "a NUL byte", nul);
}

/// 1. A field that begins behind a cut-off name is a splice. 2. Any other token is ignored by readers: worth a flag.
void unknown_field(const Field& field, Inspection& found) {
  if (is_joined_field(field.name, field.value)) add(found, Check::splice, "a field name begins inside another", field.at);  // 1
  else add(found, Check::sse, "a field that readers ignore", field.at, true);                                 // 2
}

}  // namespace

void Inspection::clear() {
  has_data = done = provider_error = error_shown = repeats = false;
  facts = nullptr;
  error_payload = name = {};
  if (!faults.empty()) faults.clear();
  for (std::string* buffer : {&joined, &decoded})
    if (buffer->capacity() > kept_text) std::string().swap(*buffer);
}

EventInspector::EventInspector(Dialect dialect, const Config& config)
    : rules_(make_rules(dialect, config.finish_reason_map)), config_(config), dialect_(dialect) {
  if (looks_at(Check::garble)) garble_.emplace(dialect);
}

void EventInspector::read_fields(std::string_view event, Payload& payload, Inspection& found) {
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
        if (payload.lines == 2) found.joined.assign(payload.text);
        found.joined += '\n';
        found.joined += field.value;
        break;
      case FieldKind::event:
        if (!found.name.empty()) add(found, Check::sse, "an event has two names: readers take the last", field.at, true);
        found.name = field.value;
        if (is_joined_event(field.value))
          add(found, Check::splice, "a field begins inside the name of an event", field.at);
        break;
      case FieldKind::error:
        found.provider_error = true;
        found.error_payload = field.value;
        add(found, Check::sse, "the provider reports an error in a field of its own", field.at, true);
        break;
      case FieldKind::unknown: unknown_field(field, found); break;
      case FieldKind::debris: add(found, Check::sse, "a line whose field name is not a token", field.at); break;
      default: break;
    }
  }
  if (payload.lines > 1) payload.text = found.joined;
}

void EventInspector::broken_json(std::string_view event, const Payload& payload, std::size_t at, std::string_view reason,
                                 Inspection& found) const {
  if (looks_at(Check::splice)) {
    if (const std::size_t pasted = find_pasted_field(event); pasted != std::string_view::npos)
      add(found, Check::splice, "a field begins inside the payload of another event", pasted);
    else if (payload.lines > 1)
      add(found, Check::splice, "an event holds pieces of several payloads", payload.at);
  }
  if (payload.text.empty()) add(found, Check::json, "the payload is empty", payload.at);
  else add(found, Check::json, "the payload is not one JSON value: " + std::string(reason), at);
}

void EventInspector::read_payload(std::string_view event, const Payload& payload, Inspection& found) {
  auto& reader = ChunkReader::of_thread();
  const auto read = reader.read(payload.text);
  if (!read.sound) {
    if (payload.unsearched) look_for_nul(event, found);  // a sound payload has none
    const std::size_t at = payload.at + (payload.lines > 1 ? 0 : read.fault_at);
    found.provider_error |= found.name == "error";
    found.error_payload = payload.text;
    return broken_json(event, payload, at, read.reason, found);
  }
  const ChunkFacts& facts = reader.facts();
  found.facts = &facts;
  if (read.half_pair_at != std::string_view::npos)
    add(found, Check::json, "half of a surrogate pair stands alone", payload.at + (payload.lines > 1 ? 0 : read.half_pair_at), true);
  if (facts.duplicate_key) add(found, Check::json, "a member of the payload occurs twice", payload.at);
  if (is_provider_error(facts, found.name)) {
    found.provider_error = true;
    found.error_shown = is_shown_error(dialect_, facts, found.name);
    found.error_payload = payload.text;
  }
  const std::size_t first = found.faults.size();
  rules_->check(facts, found.name, found.faults);
  for (std::size_t i = first; i < found.faults.size(); ++i) {
    found.faults[i].at += payload.at;
    if (payload.lines > 1) found.faults[i].replacement.clear();
  }
}

void EventInspector::read(std::string_view event, bool one_line, Inspection& found) {
  Payload payload;
  if (one_line && event.starts_with(usual_start)) {
    const std::size_t at = usual_start.size() - 1;
    payload = {event.substr(at, event.size() - at - 2), at, 1, true};
  } else {
    look_for_nul(event, found);
    read_fields(event, payload, found);
  }
  found.has_data = payload.lines > 0;
  if (!found.has_data) found.provider_error |= found.name == "error";
  else if (payload.text == "[DONE]") found.done = true;
  else read_payload(event, payload, found);
}

Inspection& EventInspector::inspect(std::string_view event, bool one_line) {
  thread_local Inspection found;
  found.clear();
  found.event = event;
  found.repeats = !frame_.empty() && frame_.fits(event, found.text, found.decoded);
  if (found.repeats) found.has_data = true;
  else read(event, one_line, found);
  return found;
}

/// The rules know what a repetition says: they have taken it in, and it ends nothing.
void EventInspector::accept(Inspection& found) {
  if (found.repeats) {
    if (garble_) garble_->take(found.text, found.faults);
    return;
  }
  if (found.done) {
    frame_.forget();
    rules_->done(found.faults);
  } else if (found.facts) {
    rules_->accept(*found.facts, found.faults);
    if (garble_) garble_->take(*found.facts, found.faults);
    const bool goes_on = found.faults.empty() && !found.provider_error && !rules_->said().ended;
    if (goes_on && rules_->repeatable(*found.facts)) frame_.keep(found.event, found.facts->outputs.front());
    else frame_.forget();
  }
  if (garble_ && (found.done || rules_->said().ended)) garble_->finish(found.faults);
}

}  // namespace siltgate::stream
