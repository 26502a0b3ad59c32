// SPDX-License-Identifier: Apache-2.0
// The class of an answer, first match:
// (1) A 2xx or 3xx without an error envelope is no refusal.
// (2) {"code":500,"msg":"404 NOT_FOUND","success":false}: the number the message begins with is the real status.
// (3) A code of the provider's table (error.code, code, a leading [1305] in the message, then error.type); then of
//     the generic table.
// (4) A phrase of the message in the provider's table, then in the generic one.
// (5) 429: with a hint when to come back (any wait header) it is a rate; without, also with an unreadable body, it is
//     taken for concurrency, because fewer in flight is right for both and the automatic limit finds its way up again.
// (6) 503, 529: overloaded. 408, 425, other 5xx: transient. 401, 403: auth. 402: account. Other 4xx: request.
// (7) An error envelope inside a 2xx that nothing above names: transient.
#include "schedule/refusal.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "base/ascii.hpp"
#include "schedule/profile.hpp"
#include "schedule/refusal_wait.hpp"

namespace siltgate::schedule {

namespace {

using Json = nlohmann::json;

/// What a body says about an error.
struct Envelope {
  bool error = false;
  std::string code, type, message;
  int status = 0;  // rule 2
};

/// {"code":"1302","message":…} and its like, with nothing of an answer beside it: codes that mean success are no error.
bool is_bare_error(const Json& object) {
  for (const char* answer : {"choices", "content", "output", "data"})
    if (object.contains(answer)) return false;
  if (!object.contains("message") && !object.contains("msg")) return false;
  const auto code = object.find("code");
  if (code == object.end()) return object.value("object", Json()) == "error";
  if (code->is_number_integer()) return *code >= 400;
  static const std::set<std::string> success{"", "0", "200", "ok", "OK", "success"};
  return code->is_string() && success.count(code->get<std::string>()) == 0;
}

/// Gateways write "", {} or {"message":"","code":null} beside good answers. What is nested deeper than `levels` is not looked at.
bool says_something(const Json& value, int levels = 2) {
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  if (value.is_number()) return value != 0;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_structured() && levels == 0) return true;
  return std::any_of(value.begin(), value.end(), [levels](const Json& part) { return says_something(part, levels - 1); });
}

bool holds_answer(const Json& object) {
  for (const char* name : {"choices", "content", "output"})
    if (const auto found = object.find(name); found != object.end() && found->is_array() && !found->empty()) return true;
  return false;
}

/// An empty error is one only where there is no answer beside it.
bool is_error_member(const Json& object, const Json& error) {
  return says_something(error) || ((error.is_structured() || error.is_string()) && !holds_answer(object));
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return found->dump();
  return {};
}

int leading_status(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + 3 && number >= 400 && number <= 599 ? number : 0;
}

void read_error_object(const Json& error, Envelope& to) {
  to.code = text_of(error, "code");
  to.type = text_of(error, "type");
  to.message = text_of(error, "message");
}

/// The error of a response.failed event, null in any other.
Json failed_response(const Json& event) {
  const auto response = event.find("response");
  return response != event.end() && response->is_object() ? response->value("error", Json()) : Json();
}

Envelope read_envelope(std::string_view body) {
  Envelope found;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return found;
  const auto error = json.find("error");
  const bool is_error = error != json.end() && is_error_member(json, *error);
  if (is_error && error->is_object()) {
    found.error = true;
    read_error_object(*error, found);
  } else if (is_error && error->is_string()) {
    found.error = true;
    found.message = error->get<std::string>();
    found.code = text_of(json, "code");
  } else if (const Json failed = failed_response(json); failed.is_object()) {
    found.error = true;
    read_error_object(failed, found);
  } else if ((json.value("type", Json()) == "error" || json.value("success", Json()) == false) && !holds_answer(json)) {
    found.error = true;
    read_error_object(json, found);
    found.type.clear();
    if (found.message.empty()) found.message = text_of(json, "msg");
    if (json.value("success", Json()) == false) found.status = leading_status(found.message);  // (2)
  } else {
    // No envelope, but an error status may still come with these.
    found.code = text_of(json, "code");
    found.message = text_of(json, "message");
    if (found.message.empty()) found.message = text_of(json, "msg");
    if (found.message.empty()) found.message = text_of(json, "detail");
    found.error = is_error || is_bare_error(json);
  }
  if (found.code.empty() && found.message.starts_with('[')) {  // [1305][The service …]
    const auto end = found.message.find(']');
    if (end != std::string::npos && end > 1 && end < 12) found.code = found.message.substr(1, end - 1);
  }
  return found;
}

/// One line of at most `most` bytes, not cut inside a character.
std::string bounded_line(std::string text, std::size_t most) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
  return text;
}

RefusalClass class_of_status(int status, bool hinted) {
  if (status == 429) return hinted ? RefusalClass::rate : RefusalClass::concurrency;  // (5)
  if (status == 503 || status == 529) return RefusalClass::overloaded;                // (6)
  if (status >= 500 || status == 408 || status == 425) return RefusalClass::transient;
  if (status == 401 || status == 403) return RefusalClass::auth;
  if (status == 402) return RefusalClass::account;
  if (status >= 400) return RefusalClass::request;
  return RefusalClass::transient;  // (7)
}

RefusalClass class_by_tables(const Profile& profile, const Envelope& said) {
  const Profile& generic = profile_named("generic");
  const std::string message = lower(said.message);
  for (const std::string* word : {&said.code, &said.type})  // (3)
    for (const Profile* table : {&profile, &generic})
      if (const auto klass = table->of_code(*word); klass != RefusalClass::none) {
        // A type as broad as these says less than a phrase of the message.
        const bool broad = word == &said.type && (klass == RefusalClass::request || klass == RefusalClass::rate);
        const auto phrase = broad ? profile.of_message(message) : RefusalClass::none;
        return phrase != RefusalClass::none ? phrase : klass;
      }
  const auto phrase = profile.of_message(message);  // (4)
  return phrase != RefusalClass::none ? phrase : generic.of_message(message);
}

}  // namespace

static Refusal classify_said(std::string_view profile_name, int status, const Envelope& said, const HeaderLookup& header,
                             WallTime now) {
  const Profile& profile = profile_named(profile_name);
  Refusal refusal;
  refusal.code = bounded_line(said.code.empty() ? said.type : said.code, 64);
  refusal.message = bounded_line(said.message, 512);
  refusal.wait = wait_asked(header, status, now);
  if (said.status) {  // (2)
    refusal.klass = class_of_status(said.status, refusal.wait.has_value());
  } else {
    refusal.klass = class_by_tables(profile, said);
    if (refusal.klass == RefusalClass::none) refusal.klass = class_of_status(status, refusal.wait.has_value());
  }
  if (refusal.klass == RefusalClass::quota) {
    refusal.reset_at = find_date_time(said.message, profile.reset_offset);
    if (!refusal.reset_at && refusal.wait)
      refusal.reset_at = now + std::chrono::duration_cast<WallTime::duration>(*refusal.wait);
  }
  return refusal;
}

/// Whether the body of a good status can hold an error envelope at all. Inside a JSON string these quotes would be escaped, so
/// sound answers, whatever they talk about, are spared the parser.
static bool may_hold_error(std::string_view body) {
  for (std::string_view word : {"\"error\"", "\"success\"", "\"code\""})
    if (body.find(word) != std::string_view::npos) return true;
  return false;
}

Refusal classify(std::string_view profile, int status, std::string_view body, const HeaderLookup& header, WallTime now) {
  body = body.substr(0, 64 * 1024);
  if (status < 400 && !may_hold_error(body)) return {};
  const Envelope said = read_envelope(body);
  if (status < 400 && !said.error) return {};  // (1)
  return classify_said(profile, status, said, header, now);
}

Refusal classify_event(std::string_view profile, std::string_view payload, const HeaderLookup& header, WallTime now) {
  return classify_said(profile, 200, read_envelope(payload.substr(0, 64 * 1024)), header, now);
}

Duration full_jitter(int n, double random, Duration base, Duration cap) {
  Duration most = base;
  for (int i = 0; i < n && most < cap; ++i) most *= 2;
  most = std::min(most, cap);
  return std::chrono::duration_cast<Duration>(most * std::clamp(random, 0.0, 1.0));
}

}  // namespace siltgate::schedule
