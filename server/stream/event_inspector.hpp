// SPDX-License-Identifier: Apache-2.0
// Looks at one complete event: fields, JSON, and the rules of its dialect. Says what is wrong; decides nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stream/config.hpp"
#include "stream/dialect_rules.hpp"
#include "stream/fault.hpp"
#include "stream/garble.hpp"

namespace siltgate::stream {

struct Inspection {
  Faults faults;                   // positions are those in the event
  bool has_data = false;
  bool done = false;               // data is exactly [DONE]
  bool provider_error = false;
  bool error_shown = false;        // with provider_error: as the dialect's clients expect it
  std::string_view error_payload;  // with provider_error; valid while the event stays and until the next inspection
  bool readable = false;           // a JSON payload was read: ChunkReader::of_thread().facts() has it
  std::string_view name;
};

class EventInspector {
 public:
  /// `config` must outlive the inspector.
  EventInspector(Dialect dialect, const Config& config);

  /// The result holds until the next call.
  Inspection& inspect(std::string_view event);
  /// The event is going to be delivered: takes in what inspect() read. New faults are added to the inspection.
  void accept();

  const Said& said() const { return rules_->said(); }

 private:
  struct Payload {
    std::string_view text;
    std::size_t at = 0;      // position of the text in the event
    std::size_t lines = 0;   // data fields
  };

  void read_fields(std::string_view event, Payload& payload);
  void unknown_field(std::string_view name, std::size_t at);
  void read_payload(std::string_view event, const Payload& payload);
  void broken_json(std::string_view event, const Payload& payload, std::size_t at, std::string_view reason);
  void add(Check check, std::string reason, std::size_t at, bool only_flag = false);
  bool looks_at(Check check) const { return config_[check] != Action::pass; }

  Dialect dialect_;
  const Config& config_;
  std::unique_ptr<DialectRules> rules_;
  std::optional<Garble> garble_;   // none: it is not to be looked for
  Inspection found_;
  std::string joined_;   // the payload of an event with several data fields
};

}  // namespace siltgate::stream
