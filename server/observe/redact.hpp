// SPDX-License-Identifier: Apache-2.0
// Takes credentials out of text at the point of writing: given secret values, bearer tokens, and strings that look like
// API keys. Pure; knows nothing of where the text goes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace siltgate::observe {

/// Replaces each credential by "[redacted]". `secrets` are values known to be secret; those under 4 bytes are ignored.
/// Looks for: the values of `secrets`, "Bearer X", "sk-X", Z.AI keys (32 hex digits, a dot, 8 or more letters or digits),
/// JSON Web Tokens, the value after authorization, x-api-key, api-key, api_key, apikey, the password of a URL, and values of a
/// query whose names say that they are secret.
std::string redact(std::string_view text, std::span<const std::string> secrets = {});

/// The same for raw bytes cut out of a stream: each credential byte becomes '*', so that offsets stay true. A piece of a
/// secret of 4 bytes or more that the cut left at either end is masked too.
std::string mask(std::string_view bytes, std::span<const std::string> secrets = {});

/// Masks a body that comes in pieces. The caller keeps the last hold_back() bytes of what was masked and appends what comes
/// next, so that a credential is found wherever the pieces are cut. Stricter than mask() in what it takes for a credential:
/// words of an answer stay as they are.
class BodyMask {
 public:
  explicit BodyMask(std::span<const std::string> secrets) : secrets_(secrets) {}   // they must outlive this

  /// `pending`: what was kept of the last call, then new bytes. Each credential byte becomes '*'; returns how many did.
  std::size_t apply(std::string& pending);
  /// Nothing follows: the start of a known secret that the end cut off is masked too, from 6 bytes on.
  std::size_t apply_end(std::string& pending) const;
  /// The caller has taken so many bytes off the front.
  void taken(std::size_t bytes) { seen_ -= bytes; }
  std::size_t hold_back() const;

 private:
  std::span<const std::string> secrets_;
  std::size_t seen_ = 0;    // bytes of `pending` that earlier calls looked at
  bool open_ = false;       // a credential reached the end: it may go on
};

}  // namespace siltgate::observe
