// SPDX-License-Identifier: Apache-2.0
#include "settings/secrets.hpp"

#include <algorithm>

#include "settings/suggest.hpp"

namespace siltgate::settings {
namespace {

/// One looked-up reference: its value, or why there is none.
struct Found {
  std::string value;
  std::string fault;
};

Found from_env(const std::string& name, const Machine& machine) {
  auto value = machine.env(name);
  if (!value) return {"", "the environment variable " + name + " is not set"};
  if (value->empty()) return {"", "the environment variable " + name + " is set but empty"};
  return {*value, ""};
}

Found contents(FileAnswer file, const std::string& path) {
  switch (file.state) {
    case FileAnswer::State::missing: return {"", "the file " + path + " does not exist"};
    case FileAnswer::State::not_permitted: return {"", "the file " + path + " may not be read by this user"};
    case FileAnswer::State::failed: return {"", "cannot read " + path + ": " + file.why};
    case FileAnswer::State::read: break;
  }
  if (constexpr std::string_view mark = "\xEF\xBB\xBF"; file.text.starts_with(mark)) file.text.erase(0, mark.size());
  if (!file.text.empty() && file.text.back() == '\n') file.text.pop_back();
  if (!file.text.empty() && file.text.back() == '\r') file.text.pop_back();
  if (file.text.empty()) return {"", "the file " + path + " is empty"};
  return {file.text, ""};
}

Found from_file(const std::string& path, const Machine& machine) {
  if (path.front() != '/') return {"", "{file:" + path + "} needs a whole path beginning with /"};
  FileAnswer file = machine.read(path);
  if (file.state == FileAnswer::State::read && file.others_can_read)
    return {"", "the file " + path + " can be read by other users; run: chmod 600 " + path};
  return contents(std::move(file), path);
}

Found from_credential(const std::string& name, const Machine& machine) {
  const auto folder = machine.env("CREDENTIALS_DIRECTORY");
  if (!folder) return {"", "$CREDENTIALS_DIRECTORY is not set; {cred:" + name + "} needs LoadCredential=" + name + ":/path in the systemd unit"};
  if (name.find('/') != std::string::npos) return {"", "the name of a credential has no /"};
  return contents(machine.read(*folder + "/" + name), *folder + "/" + name);
}

Found from_keychain(const std::string& service, const Machine& machine) {
  auto answer = machine.keychain(service);
  if (!answer.secret) return {"", "{keychain:" + service + "}: " + answer.why};
  if (!answer.secret->empty() && answer.secret->back() == '\n') answer.secret->pop_back();
  return {*answer.secret, ""};
}

Found look_up(const std::string& kind, const std::string& argument, const Machine& machine) {
  if (argument.empty()) return {"", "{" + kind + ":} names nothing"};
  if (kind == "env") return from_env(argument, machine);
  if (kind == "file") return from_file(argument, machine);
  if (kind == "cred") return from_credential(argument, machine);
  if (kind == "keychain") return from_keychain(argument, machine);
  return {"", "unknown reference {" + kind + ":…};" + did_you_mean(kind, {"env", "file", "cred", "keychain"}) +
                  " References are {env:NAME}, {file:/path}, {cred:name}, {keychain:service}"};
}

/// What was meant as a reference and is none, "" where the brace stands for itself. `inside`: behind the brace.
std::string meant_as_reference(std::string_view inside, bool behind_dollar) {
  for (std::string_view kind : {"env:", "file:", "cred:", "keychain:"})
    if (inside.starts_with(kind) && inside.find('}') == std::string_view::npos) return "the reference {" + std::string(kind) + "… has no } at its end";
  const auto close = inside.find('}');
  const std::string name(inside.substr(0, close));
  const bool shell = behind_dollar && close != std::string_view::npos && !name.empty() &&
                     name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  return shell ? "an environment variable is written {env:" + name + "}, not ${" + name + "}" : "";
}

}  // namespace

Expanded expand_references(std::string_view text, const Machine& machine) {
  Expanded out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = std::min(text.find('{', at), text.size());
    out.value += text.substr(at, open - at);
    if (open == text.size()) break;
    const auto inside = text.substr(open + 1);
    const auto letters = inside.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const auto close = inside.find('}');
    if (letters == 0 || letters == std::string_view::npos || inside[letters] != ':' || close == std::string_view::npos) {
      const std::string fault = meant_as_reference(inside, open > 0 && text[open - 1] == '$');
      if (!fault.empty()) out.complaints.push_back({{open, text.size()}, fault});
      out.value += '{';
      at = open + 1;
      continue;
    }
    at = open + close + 2;
    out.referenced = true;
    Found found = look_up(std::string(inside.substr(0, letters)), std::string(inside.substr(letters + 1, close - letters - 1)), machine);
    if (!found.fault.empty()) out.complaints.push_back({{open, at}, found.fault});
    out.value += found.value;
  }
  return out;
}

}  // namespace siltgate::settings
