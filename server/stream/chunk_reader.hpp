// SPDX-License-Identifier: Apache-2.0
// Reads one JSON payload (RFC 8259, strict) in one pass and notes the members the checks need. Knows the member names
// of all dialects, not their rules. The usual payload is read by a fast reader that only ever says yes; whatever it does
// not take goes to Boost.JSON's parser, which alone says what is wrong and where. That parser knows no lone half of a surrogate pair,
// which is JSON all the same (RFC 8259, section 8.2): it gets a stand-in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stream/chunk_facts.hpp"

namespace siltgate::stream {

class ChunkReader {
 public:
  ChunkReader();
  ~ChunkReader();

  struct Result {
    bool sound = false;
    std::size_t fault_at = 0;  // where the parser gave up
    std::string reason;        // what the parser said
    std::size_t half_pair_at = std::string_view::npos;  // where the first lone half of a surrogate pair is escaped
  };

  /// The reader of this thread. A payload is read in one call, so all streams of a thread share one.
  static ChunkReader& of_thread();

  /// Ill-formed UTF-8 inside strings is not looked for: that is another check.
  Result read(std::string_view payload);
  /// The same by the parser alone: what read() must equal.
  Result parse(std::string_view payload);
  /// Of the last payload. Views in it hold until the next call and while the payload stays.
  const ChunkFacts& facts() const { return facts_; }

 private:
  struct Parser;
  Result parse_as_is(std::string_view payload);

  std::unique_ptr<Parser> parser_;
  ChunkFacts facts_;
  std::string decoded_;  // strings that had escapes
  std::string whole_;    // the payload with stand-ins for halves of surrogate pairs
};

}  // namespace siltgate::stream
