// SPDX-License-Identifier: Apache-2.0
// What the dashboard shows of a recorded exchange. Knows no files: the text of the capture comes in.
//
// GET api/exchanges/ID/capture            JSON: {"complete", "masked", "attempts": [{"number", "status", "how", "bytes", "reads"}]}
//   ?view=chat    JSON: {"parts": [{"title", "text"}], "end", "unread"}
//   ?view=events  JSON: {"events": [{"number", "ms", "offset", "bytes", "findings", "kind", "text"}], "left_out": 0}
//   ?view=hex     text; &event=N dumps that event, else around the fault
//   ?view=diff, ?view=headers   text
//   &attempt=N    another attempt than the last
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "admin/api.hpp"

namespace siltgate::admin {

inline constexpr std::size_t longest_capture = 8 * 1024 * 1024;   // larger ones are for `siltgate show`
inline constexpr std::size_t most_events = 5000, longest_event = 600;

struct CaptureQuery {
  std::string view;
  int attempt = 0;              // 0 = the last
  std::uint64_t event = 0;      // 0 = none
};

/// `id` is known to be one of an exchange.
Reply capture_page(const std::string& id, const CaptureQuery& query, const View& view);

}  // namespace siltgate::admin
