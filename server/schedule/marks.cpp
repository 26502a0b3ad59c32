// SPDX-License-Identifier: Apache-2.0
#include "schedule/marks.hpp"

#include <optional>

namespace siltgate::schedule {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view value_of(const HeaderLookup& header, std::string_view name) {
  return header ? trimmed(header(name).value_or("")) : std::string_view{};
}

bool same_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

}  // namespace

Class class_of(const HeaderLookup& header, const BodyMarks& body) {
  const auto wish = value_of(header, "siltgate-class");
  for (auto klass : {Class::interactive, Class::subagent, Class::background})
    if (same_word(wish, to_string(klass))) return klass;  // (1)
  const auto background = value_of(header, "x-background");
  if (!background.empty() && background != "0" && !same_word(background, "false") && !same_word(background, "no"))
    return Class::background;  // (2)
  if (!body.has_tools && body.title_prompt) return Class::background;                     // (3)
  if (!value_of(header, "x-parent-session-id").empty()) return Class::subagent;           // (4)
  return Class::interactive;                                                              // (5)
}

std::string session_of(const HeaderLookup& header, std::string_view client_token_name, std::string_view peer_address) {
  constexpr std::size_t most = 256;
  for (auto name : {"x-session-affinity", "x-session-id", "x-opencode-session"})
    if (const auto value = value_of(header, name); !value.empty()) return "session:" + std::string(value.substr(0, most));
  if (!client_token_name.empty()) return "token:" + std::string(client_token_name.substr(0, most));
  return "peer:" + std::string(peer_address.substr(0, most)) + ' ' +
         std::string(value_of(header, "user-agent").substr(0, most));
}

}  // namespace siltgate::schedule
