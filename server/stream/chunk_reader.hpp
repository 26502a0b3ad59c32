// SPDX-License-Identifier: Apache-2.0
// Reads one JSON payload (RFC 8259, strict) in one pass and notes the members the checks need. Knows the member names
// of all dialects, not their rules. The usual payload is read by a fast reader that only ever says yes; whatever it does
// not take goes to Boost.JSON's parser, which alone says what is wrong and where.
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
  std::unique_ptr<Parser> parser_;
  ChunkFacts facts_;
  std::string decoded_;  // strings that had escapes
};

}  // namespace siltgate::stream
