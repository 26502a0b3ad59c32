// SPDX-License-Identifier: Apache-2.0
// What `siltgate doctor` says about one thing it looked at, and the texts made of it. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace siltgate::doctor {

/// note: worth knowing, nothing to do. skipped: not looked at, and why. Only `fault` fails the run.
enum class State { ok, note, warning, fault, skipped };
std::string_view to_string(State state);

struct Finding {
  std::string check;       // one of: config instance port dns proxy tcp tls clock answer probe client guest
  State state = State::ok;
  std::string looked_at;   // "listen 127.0.0.1:4290", "https://api.z.ai"
  std::string found;       // a sentence
  std::string remedy;      // a command or a line to add; "" = none needed
};

using Findings = std::vector<Finding>;

bool any_fault(std::span<const Finding> findings);
/// One line per finding, its remedy below; and a last line that counts.
std::string findings_text(std::span<const Finding> findings, bool colour);
/// {"ok": …, "version": …, "findings": [{check, state, looked_at, found, remedy}]}, one document with a line feed.
std::string findings_json(std::span<const Finding> findings, std::string_view version);

}  // namespace siltgate::doctor
