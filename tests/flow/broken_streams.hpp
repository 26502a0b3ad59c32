// SPDX-License-Identifier: Apache-2.0
// The ways in which a stream breaks: ends before its proper end, and events that are damaged.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/chat_bytes.hpp"
#include "support/scripted_upstream.hpp"

namespace siltgate::test {

struct Cut {
  const char* what;
  std::function<void(UpstreamExchange&)> end;
  const char* code;   // of the error the client sees
};

/// Each begins at an event border of a stream that has begun.
inline const std::vector<Cut>& cuts() {
  static const std::vector<Cut> all{
      {"FIN at a chunk border", [](UpstreamExchange& exchange) { exchange.close(); }, "upstream_closed"},
      {"RST at a chunk border", [](UpstreamExchange& exchange) { exchange.reset(); }, "upstream_reset"},
      {"FIN inside a chunk",
       [](UpstreamExchange& exchange) {
         exchange.send("400\r\n" + chat_event("never whole").substr(0, 40));
         exchange.close();
       },
       "upstream_closed"},
      {"FIN inside a chunk header",
       [](UpstreamExchange& exchange) {
         exchange.send("4");
         exchange.close();
       },
       "upstream_closed"},
      {"a clean end without a finish reason", [](UpstreamExchange& exchange) { exchange.end_stream(); }, "damaged"},
      {"[DONE] without a finish reason",
       [](UpstreamExchange& exchange) {
         exchange.chunk(chat_done);
         exchange.end_stream();
       },
       "damaged"},
      {"bytes that are no chunk", [](UpstreamExchange& exchange) { exchange.send_last("<html>\r\n"); }, "upstream_malformed"},
      {"finish_reason network_error",
       [](UpstreamExchange& exchange) {
         exchange.chunk(chat_finish("network_error") + std::string(chat_done));
         exchange.end_stream();
       },
       "damaged"}};
  return all;
}

struct Damage {
  const char* what;
  std::string bytes;
  const char* check;
  bool alone = true;   // damage even as the first event of a stream
};

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

/// To be put at an event border, behind at least one sound event with the id chatcmpl-1.
inline const std::vector<Damage>& damages() {
  static const std::string sound = chat_event("two");
  static const std::string half = sound.substr(0, sound.find("two") + 2);  // its string is open
  static const std::vector<Damage> all{
      {"a character torn apart", replaced(sound, "two", "\xe4\xbd"), "utf8"},
      {"a byte that is never UTF-8", replaced(sound, "two", "t\xff"), "utf8"},
      {"a second stream inside an open string", half + chat_event("three"), "splice"},
      {"another response's id", chat_event("two", "chatcmpl-2"), "splice", false},
      {"JSON that stops", sound.substr(0, sound.size() - 4) + "\n\n", "json"},
      {"a NUL", replaced(sound, "two", std::string_view("t\0o", 3)), "sse"},
      {"an empty payload", "data:\n\n", "json"},
      {"a payload that is no object", "data: 17\n\n", "shape"},
      {"debris of a line", "o\"}}]}\n" + sound, "sse"}};
  return all;
}

}  // namespace siltgate::test
