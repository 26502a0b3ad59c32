// SPDX-License-Identifier: Apache-2.0
// One sound answer as the events of each dialect, and as one JSON body. Knows no faults and no sockets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/dialect.hpp"

namespace siltgate::demo {

/// The text of an answer and what its events say about it.
struct Answer {
  std::string id;
  std::int64_t created = 0;   // Unix seconds
  std::string model;
  std::vector<std::string> thoughts;   // reasoning, in pieces
  std::vector<std::string> words;      // the answer, in pieces
  std::string finish = "stop";
  int prompt_tokens = 0;
};

/// Every event with its empty line, in order, ended as the dialect ends.
std::vector<std::string> stream_events(Dialect dialect, const Answer& answer);
/// How many of the last events belong to the proper end (finish reason and what follows).
std::size_t ending_events(Dialect dialect);
std::string whole_body(Dialect dialect, const Answer& answer);

}  // namespace siltgate::demo
