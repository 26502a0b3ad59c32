// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration file: settings or errors with a position inside the text, never a crash, never a secret of the
// surroundings in a message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "settings/load.hpp"

namespace {

using namespace siltgate::settings;

constexpr const char* secret = "fuzzed-secret-value";

Machine surroundings() {
  Machine machine = this_machine();
  machine.env = [](const std::string& name) -> std::optional<std::string> {
    if (name.starts_with("SILTGATE_")) return std::nullopt;  // overrides are no secrets, and messages quote them
    return secret;
  };
  machine.read = [](const std::string&) {
    FileAnswer answer;
    answer.state = FileAnswer::State::read;
    answer.text = secret;
    return answer;
  };
  machine.keychain = [](const std::string&) { return KeychainAnswer{secret, ""}; };
  return machine;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Machine machine = surroundings();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Parsed parsed = parse_jsonc(text);
  for (const Complaint& complaint : parsed.complaints) require(complaint.span.begin <= complaint.span.end && complaint.span.end <= size);
  const Outcome outcome = load_text("fuzz.jsonc", text, machine);
  if (const auto* refused = std::get_if<Refused>(&outcome)) {
    require(!refused->errors.empty());
    require(refused->text().find(secret) == std::string::npos || text.find(secret) != std::string::npos);
  } else {
    const auto& loaded = std::get<Loaded>(outcome);
    require(!loaded.settings.flow.providers.empty());
    require(!effective_text(loaded).empty());
  }
  return 0;
}
