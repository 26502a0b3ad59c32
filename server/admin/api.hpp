// SPDX-License-Identifier: Apache-2.0
// The admin paths: a request in, a reply out. Knows no sockets; the session writes the reply and, where it says so, follows
// the history. The JSON of api/state is described in observe/state.hpp, that of an exchange in observe/record_json.hpp.
//
//   GET  healthz                  "ok\n"; calls nothing
//   GET  readyz                   "ready\n", or 503 with the reason
//   GET  metrics                  Prometheus text format
//   GET  api/state                JSON
//   GET  api/exchanges            JSON array, newest first; ?limit=N (default 50, at most 500) &verdict=V &since=10m
//   GET  api/exchanges/ID         JSON; ID may be "last" or the unique beginning of an id
//   GET  api/exchanges/ID/explain text for people; ?colour=1
//   GET  api/events               a stream of finished exchanges; ?verdict=V, ?format=json_lines|sse, and first the
//                                last ?limit=N (default 0) of &since=10m, with none missed between;
//                                 ?state=1: also the state, see Reply::with_state
//   GET  "", style.css, script.js the dashboard (page.hpp)
//   GET  api/exchanges/ID/capture what was recorded of it (captures.hpp)
//   POST api/reload, api/cap, api/exchanges/ID/cancel, api/stop      see commands.hpp
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/gate.hpp"
#include "observe/history.hpp"

namespace siltgate::admin {

/// How a stream of records is spelt.
enum class Follow { none, sse, json_lines };

struct Reply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;                                             // of a stream: what to send first
  std::vector<std::pair<std::string, std::string>> fields;      // further header fields
  Follow follow = Follow::none;    // send `body`, then follow_item() of each record that passes `filter`, until closed
  observe::Filter filter;
  bool with_state = false;         // of an SSE stream: also "event: state" with the JSON of api/state, at most four times a second
};

/// A capture on disk; `text` is empty where `size` is more than captures.hpp takes.
struct CaptureFile {
  std::uint64_t size = 0;
  std::string text;
};

/// What the app offers. `history`, `state_json` and `metrics` must be set.
struct View {
  std::string path = "/-/";                                     // admin.path
  const observe::History* history = nullptr;
  std::function<std::string()> state_json;
  std::function<std::string()> metrics;
  std::function<std::string()> not_ready;                       // "" = ready
  std::function<std::optional<std::string>()> reload;           // the reason when refused
  std::function<void()> stop;                                   // begins the drain
  std::function<WallTime()> now;                                // for `since`
  std::span<const std::string> secrets;                         // values to redact; the caller's
  std::string token;                                            // of this start, for POSTs of the page
  std::function<bool(const std::string& id)> cancel;            // false: no such exchange under way
  std::function<bool(const std::string& provider, const std::string& key, const std::string& model, int cap)> set_cap;
  std::function<std::optional<CaptureFile>(const std::string& id)> capture;
};

/// Is `target` (with or without query) for answer()?
bool is_admin_target(std::string_view target, std::string_view admin_path);

Reply answer(std::string_view method, std::string_view target, std::string_view body, const Gate& gate, View& view);

/// One finished exchange in a stream: "event: exchange\ndata: {…}\n\n" or "{…}\n".
std::string follow_item(const observe::ExchangeRecord& record, Follow follow, std::span<const std::string> secrets);

}  // namespace siltgate::admin
