// SPDX-License-Identifier: Apache-2.0
// What a user can do, in plain words: by class and code of a provider's refusal, and by the client's runtime. Pure.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::observe {

struct Explained {
  std::string meaning;   // what the provider says, a clause: "too many requests of this key were in flight"
  std::string advice;
};

/// `klass` is the word of the refusal class, `code` the provider's, both may be empty; `status` 0 when in-band.
Explained explain_refusal(std::string_view klass, std::string_view code, int status);

/// The User-Agent names opencode before 1.15.13 or Bun before 1.3.14, whose fetch() sends a POST again when a reused
/// connection closes and appends the second answer to the first (oven-sh/bun issue 28706).
bool replays_posts(std::string_view user_agent);

/// Advice on such a client.
std::string replay_advice();

}  // namespace siltgate::observe
