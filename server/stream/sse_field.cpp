// SPDX-License-Identifier: Apache-2.0
#include "stream/sse_field.hpp"

#include <algorithm>
#include <cstring>

namespace siltgate::stream {
namespace {

constexpr std::string_view known_names[] = {"data", "event", "id", "retry"};

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
  });
}

FieldKind kind_of(std::string_view name) {
  if (name == "data") return FieldKind::data;
  if (name == "event") return FieldKind::event;
  if (name == "id") return FieldKind::id;
  if (name == "retry") return FieldKind::retry;
  if (name == "error") return FieldKind::error;
  return is_token(name) ? FieldKind::unknown : FieldKind::debris;
}

/// Is `value` what a field of this name carries?
bool may_carry(std::string_view name, std::string_view value) {
  if (name == "data") return begins_payload(value);
  if (name == "retry") return !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
  return is_token(value);   // the name of an event
}

}  // namespace

bool FieldReader::next(Field& field) {
  if (at_ >= event_.size()) return false;
  if (event_[at_] == '\n') {
    field = Field{FieldKind::blank, {}, {}, at_++};
    return true;
  }
  const std::string_view rest = event_.substr(at_);
  std::size_t end = rest.find('\n');
  const std::size_t cr = rest.substr(0, end).find('\r');
  std::size_t step = end == std::string_view::npos ? rest.size() : end + 1;
  if (cr != std::string_view::npos) {
    end = cr;
    step = cr + (cr + 1 < rest.size() && rest[cr + 1] == '\n' ? 2 : 1);
  }
  const std::string_view line = rest.substr(0, end);
  field = Field{FieldKind::blank, {}, {}, at_};
  at_ += step;
  if (line.empty()) return true;
  std::size_t colon = 0;
  while (colon < line.size() && line[colon] != ':') ++colon;  // nearly always within a few bytes
  field.name = line.substr(0, colon);
  if (colon < line.size()) field.value = line.substr(colon + 1);
  if (!field.value.empty() && field.value.front() == ' ') field.value.remove_prefix(1);
  field.kind = colon == 0 ? FieldKind::comment : kind_of(field.name);
  return true;
}

bool begins_payload(std::string_view value) { return value.starts_with('{') || value.starts_with("[DONE]"); }

bool payload_follows(std::string_view rest) { return begins_payload(rest.starts_with(' ') ? rest.substr(1) : rest); }

bool is_joined_field(std::string_view name, std::string_view value) {
  for (std::string_view tail : {"data", "event", "retry"}) {
    if (name.size() <= tail.size() || !name.ends_with(tail) || !may_carry(tail, value)) continue;
    const std::string_view head = name.substr(0, name.size() - tail.size());
    for (std::string_view known : known_names)
      if (known.starts_with(head)) return true;
  }
  return false;
}

bool is_joined_event(std::string_view name) {
  for (std::size_t at = name.find("data:"); at != std::string_view::npos; at = name.find("data:", at + 1))
    if (payload_follows(name.substr(at + 5))) return true;
  for (std::size_t at = name.find("event:"); at != std::string_view::npos; at = name.find("event:", at + 1)) {
    const std::string_view rest = name.substr(at + 6);
    if (rest.starts_with(' ') || rest.starts_with("message_start") || rest.starts_with("response.created")) return true;
  }
  return false;
}

}  // namespace siltgate::stream
