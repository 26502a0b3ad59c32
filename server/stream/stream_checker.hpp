// SPDX-License-Identifier: Apache-2.0
// Checks a streamed response while it passes: bytes of one read in, the bytes that may be delivered out.
// An event leaves only when it is complete and every check of it is done; sound bytes leave unchanged.
// Pure: no sockets, no clock, no log. One object per response.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dialect.hpp"
#include "base/finding.hpp"
#include "stream/config.hpp"
#include "stream/usage.hpp"

namespace siltgate::stream {

/// What the provider said in-band: an `error` object, an `error:` field or `event: error`.
struct ProviderError {
  std::string json;        // the payload as received (bounded to 64 KiB)
  std::uint64_t event = 0;
  bool shown = false;      // in the shape that clients of the dialect raise as an error; others they drop in silence
};

/// The outcome of one feed() or of finish(). Deliver `first` then `second`; both are valid until the next call.
struct Step {
  std::string_view first;    // what was held from earlier reads and is now complete
  std::string_view second;   // the sound part of the bytes just given, or repaired bytes
  bool rejected = false;     // a check with action reject failed: deliver first and second, then fail the exchange
  bool at_boundary = true;   // after delivering, the client stands between two events
};

class StreamChecker {
 public:
  StreamChecker(Dialect dialect, const Config& config);
  ~StreamChecker();
  StreamChecker(StreamChecker&&) noexcept;
  StreamChecker& operator=(StreamChecker&&) noexcept;

  /// The bytes of one read, transfer-decoded. After a rejected step no further call is allowed.
  Step feed(std::string_view bytes);

  /// Upstream ended its body properly (last chunk, full length, or close where that is the framing).
  /// Returns held bytes that may still be delivered (an unterminated but sound tail).
  Step finish();

  /// Upstream broke off (reset, FIN inside the framing): records what was open; nothing more may be delivered.
  void broken();

  const std::vector<Finding>& findings() const;
  std::uint64_t events() const;                    // complete events with data seen so far
  bool saw_proper_end() const;                     // finish reason / message_stop / response.completed seen
  const std::optional<ProviderError>& provider_error() const;  // the first in-band error, if any
  const Usage& usage() const;
  std::string_view finish_reason() const;          // as the provider said it, "" if none yet
  std::string_view response_id() const;            // `id` of the first chunk, "" if none

  /// Bytes of one checker at rest, without what it holds of an open event.
  static std::size_t state_size();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A whole (not streamed) body that should be JSON: checks utf8, json, shape with the same actions.
/// `findings` gets what was found, `usage` what the body says of tokens; true = may be delivered.
bool check_json_body(std::string_view body, Dialect dialect, const Config& config, std::vector<Finding>& findings,
                     Usage& usage);

}  // namespace siltgate::stream
