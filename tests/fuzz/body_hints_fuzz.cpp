// SPDX-License-Identifier: Apache-2.0
// Any bytes as a request body: hints or none, never a crash. Where the body is one plain JSON object, the model and `stream` are
// those that a whole parser sees.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "route/body_hints.hpp"

namespace {

using Json = nlohmann::json;

void require(bool holds) {
  if (!holds) std::abort();
}

/// One JSON object without repeated names at the top; null otherwise (which of two wins is nobody's promise).
Json plain_object(std::string_view body) {
  std::set<std::string> names;
  bool repeated = false;
  auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second) repeated = true;
    return true;
  };
  Json json = Json::parse(body, watch, false);
  return json.is_object() && !repeated && body.find('\0') == body.npos ? json : Json();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto hints = siltgate::route::read_body_hints(body);
  require(hints.model.size() <= 256);
  require(hints.rough_tokens >= 0 && hints.max_tokens >= -1);
  const Json json = plain_object(body);
  if (json.is_null() || body.substr(0, 3) == "\xef\xbb\xbf") return 0;
  auto model = json.find("model");
  if (model != json.end() && model->is_string() && model->get<std::string>().size() <= 256) require(hints.model == model->get<std::string>());
  auto stream = json.find("stream");
  require(hints.stream == (stream != json.end() && stream->is_boolean() && stream->get<bool>()));
  return 0;
}
