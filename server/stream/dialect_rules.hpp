// SPDX-License-Identifier: Apache-2.0
// What a dialect demands of one payload after another: shape, one response, a proper end. Three sets of rules behind
// one face. Know facts, not bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/dialect.hpp"
#include "stream/chunk_facts.hpp"
#include "stream/fault.hpp"
#include "stream/finish_reasons.hpp"
#include "stream/usage.hpp"

namespace siltgate::stream {

/// What the response has said so far.
struct Said {
  bool ended = false;         // the dialect's proper end was seen
  Usage usage;
  std::string id;             // of the first chunk that had one
  std::string finish_reason;  // of the first choice
};

class DialectRules {
 public:
  virtual ~DialectRules() = default;

  /// Judges a payload without taking it in. `name` is the event's name, "" if none.
  virtual void check(const ChunkFacts& facts, std::string_view name, Faults& faults) const = 0;
  /// Takes a payload in that is going to be delivered. Adds what only shows now: wrong tool arguments.
  virtual void accept(const ChunkFacts& facts, Faults& faults) = 0;
  /// What was accepted last, `[DONE]` for none, is not delivered after all: an end in it is no end for the client.
  virtual void withhold(const ChunkFacts* facts) = 0;
  /// Of a payload that was accepted without a fault: the same with another text (not none) in place of its one piece of output would
  /// be found as sound, and would change nothing that these rules know.
  virtual bool repeatable(const ChunkFacts& facts) const = 0;
  /// Judges and takes in `[DONE]`.
  virtual void done(Faults& faults);

  const Said& said() const { return said_; }

 protected:
  void note_usage(const ChunkFacts& facts);
  Said said_;
};

/// Not for Dialect::none. `map` must outlive the rules.
std::unique_ptr<DialectRules> make_chat_rules(const FinishReasonMap& map);
std::unique_ptr<DialectRules> make_responses_rules();
std::unique_ptr<DialectRules> make_anthropic_rules(const FinishReasonMap& map);
std::unique_ptr<DialectRules> make_rules(Dialect dialect, const FinishReasonMap& map);

/// An `error` member (an empty one only without an answer beside it), `event: error`, a failed response, or an envelope such as
/// {"code":500,"msg":…} in place of an answer.
bool is_provider_error(const ChunkFacts& facts, std::string_view name);

/// Of a provider error: has it the shape that the dialect's clients raise? The rest they skip without a word.
bool is_shown_error(Dialect dialect, const ChunkFacts& facts, std::string_view name);

/// A fault of a whole, not streamed body, "" if none.
std::string whole_body_fault(Dialect dialect, const ChunkFacts& facts);

}  // namespace siltgate::stream
