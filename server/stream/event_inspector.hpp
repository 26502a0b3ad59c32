// SPDX-License-Identifier: Apache-2.0
// Looks at one complete event: fields, JSON, and the rules of its dialect. Says what is wrong; decides nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stream/config.hpp"
#include "stream/dialect_rules.hpp"
#include "stream/event_frame.hpp"
#include "stream/fault.hpp"
#include "stream/garble.hpp"

namespace siltgate::stream {

struct Inspection {
  bool has_data = false;
  bool done = false;               // data is exactly [DONE]
  bool provider_error = false;
  bool error_shown = false;        // with provider_error: as the dialect's clients expect it
  bool repeats = false;            // the last event with another text, which is `text`; nothing else is said of it
  const ChunkFacts* facts = nullptr;  // what the payload says, if it is JSON; valid until the next inspection
  Output text{};
  std::string_view event;          // as it was given
  std::string_view error_payload;  // with provider_error; valid while the event stays and until the next inspection
  std::string_view name;
  Faults faults;                   // positions are those in the event
  std::string joined;              // the payload of an event with several data fields
  std::string decoded;             // `text`, if it had escapes

  /// Forgets the last event; keeps the memory of the lists.
  void clear();
};

class EventInspector {
 public:
  /// `config` must outlive the inspector.
  EventInspector(Dialect dialect, const Config& config);

  /// The result holds until the next call of any inspector of this thread: they share one, as an event is inspected and
  /// accepted without a pause. `one_line`: see EventSplitter::Piece.
  Inspection& inspect(std::string_view event, bool one_line = false);
  /// The event is going to be delivered: takes in what inspect() read. New faults are added to the inspection.
  void accept(Inspection& found);

  /// What accept() has just taken in is not delivered: it shows only then that it must not be.
  void withhold(const Inspection& found) { rules_->withhold(found.facts); }

  const Said& said() const { return rules_->said(); }

 private:
  struct Payload {
    std::string_view text;
    std::size_t at = 0;      // position of the text in the event
    std::size_t lines = 0;   // data fields
    bool unsearched = false; // nobody has looked for NUL bytes in the event
  };

  void read(std::string_view event, bool one_line, Inspection& found);
  static void read_fields(std::string_view event, Payload& payload, Inspection& found);
  void read_payload(std::string_view event, const Payload& payload, Inspection& found);
  void broken_json(std::string_view event, const Payload& payload, std::size_t at, std::string_view reason,
                   Inspection& found) const;
  bool looks_at(Check check) const { return config_[check] != Action::pass; }

  std::unique_ptr<DialectRules> rules_;
  const Config& config_;
  std::optional<Garble> garble_;   // none: it is not to be looked for. Whether there is one stands at its end: every event asks, and for
                                   // what follows
  Dialect dialect_;
  EventFrame frame_;               // of the event that was accepted last
};

}  // namespace siltgate::stream
