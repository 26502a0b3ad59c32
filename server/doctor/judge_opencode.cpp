// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge_opencode.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "base/url.hpp"
#include "settings/address.hpp"
#include "settings/source.hpp"

namespace siltgate::doctor {
namespace {

using settings::Kind;
using settings::Node;

struct BaseUrl {
  std::string url, file;
};

/// Does this URL lead to one of siltgate's addresses? localhost and every loopback address count as one.
bool leads_to(const Url& url, const std::vector<std::string>& addresses) {
  const bool local = url.host == "localhost" || settings::is_loopback(url.host);
  for (const std::string& each : addresses) {
    const auto parsed = settings::parse_address(each);
    if (parsed.port != url.port) continue;
    const bool any = parsed.address == "0.0.0.0" || parsed.address == "::";
    if (any || parsed.address == url.host || (local && settings::is_loopback(parsed.address))) return true;
  }
  return false;
}

Finding config_fault(const OpencodeSeen::File& file, const std::vector<settings::Complaint>& complaints) {
  const settings::Source source(file.path, file.text);
  std::string text = source.diagnose(complaints.front()).text();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return {"client", State::fault, "opencode", "its configuration is not valid JSONC\n" + text, "mend it there; opencode ignores or refuses the whole file"};
}

/// provider -> its baseURL and the file that said so last.
std::map<std::string, BaseUrl> base_urls(const OpencodeSeen& seen, Findings& out) {
  std::map<std::string, BaseUrl> urls;
  for (const OpencodeSeen::File& file : seen.files) {
    if (!file.readable) {
      out.push_back({"client", State::skipped, file.path, "it cannot be read; run this as the user it belongs to", ""});
      continue;
    }
    const auto parsed = settings::parse_jsonc(file.text);
    if (!parsed.complaints.empty()) {
      out.push_back(config_fault(file, parsed.complaints));
      continue;
    }
    const Node* providers = parsed.root.find("provider");
    if (!providers || providers->kind != Kind::object) continue;
    for (const Node& provider : providers->items) {
      const Node* options = provider.find("options");
      const Node* url = options ? options->find("baseURL") : nullptr;
      if (url && url->kind == Kind::string) urls[provider.key] = {url->text, file.path};
    }
  }
  return urls;
}

Finding judge_url(const std::string& provider, const BaseUrl& where, const OpencodeSeen& seen) {
  const std::string subject = "opencode provider " + provider, first = seen.addresses.empty() ? "127.0.0.1:4290" : seen.addresses.front();
  const auto url = parse_url(where.url);
  if (!url) return {"client", State::fault, subject, "baseURL \"" + where.url + "\" in " + where.file + " is no URL", "\"baseURL\": \"http://" + first + "/v1\""};
  if (leads_to(*url, seen.addresses)) {
    if (!url->tls()) return {"client", State::ok, subject, "goes through siltgate: " + where.url, ""};
    return {"client", State::fault, subject, "baseURL " + where.url + " in " + where.file + " asks for TLS, which siltgate does not speak to clients", "\"baseURL\": \"http://" + url->authority() + url->path + "\""};
  }
  if (url->host == "localhost" || settings::is_loopback(url->host))
    return {"client", State::warning, subject, "goes to " + where.url + " on this machine, where no siltgate listens (" + where.file + ")", "siltgate setup opencode --provider " + provider + " --base-url http://" + first + "/v1 --write"};
  return {"client", State::warning, subject, "goes around siltgate: " + where.url + " (" + where.file + ")", "siltgate setup opencode --provider " + provider + " --write"};
}

void judge_urls(const OpencodeSeen& seen, Findings& out) {
  const std::size_t before = out.size();
  const auto urls = base_urls(seen, out);
  bool through = false;
  for (const auto& [provider, where] : urls) {
    out.push_back(judge_url(provider, where, seen));
    through = through || out.back().state == State::ok;
  }
  const bool told = std::any_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(), [](const Finding& each) { return each.state == State::fault; });
  if (through || told) return;
  const std::string files = seen.files.empty() ? "it has no configuration file" : "no provider in " + seen.files.back().path + " leads to it";
  out.push_back({"client", State::fault, "opencode", "does not go through siltgate: " + files, "siltgate setup opencode --write"});
}

void judge_version(const OpencodeSeen& seen, Findings& out) {
  if (!seen.installed) return out.push_back({"client", State::note, "opencode", "not on PATH here", ""});
  const auto replays = replays_requests(seen.version);
  if (!replays) return out.push_back({"client", State::note, "opencode", "its version could not be asked", ""});
  if (!*replays) return out.push_back({"client", State::ok, "opencode " + seen.version, "does not repeat requests on broken connections", ""});
  out.push_back({"client", State::note, "opencode " + seen.version,
                 "contains a Bun that repeats a POST when a reused connection breaks and joins both answers; siltgate prevents that with Connection: close", "opencode upgrade      # 1.15.13 or later cures it as well"});
}

void judge_input(const OpencodeSeen& seen, Findings& out) {
  if (seen.input != OpencodeSeen::Input::waits) return;
  out.push_back({"client", State::fault, "standard input", "it is no terminal, nothing comes and it does not end: `opencode run` started like this reads it first and hangs", "opencode run \"…\" </dev/null"});
}

// The first prompt of opencode 1.1 installs plugins and refreshes the model list:
//   1. switched off, or installed before: nothing to wait for
//   2. the registry cannot be reached: a minute and more without a word
//   3. it can: some seconds, once
void judge_start(const OpencodeSeen& seen, Findings& out) {
  const std::string subject = "opencode's plugins";
  if (seen.plugins_disabled || seen.modules) {
    out.push_back({"client", State::ok, subject, seen.plugins_disabled ? "switched off" : "installed in " + seen.modules_folder, ""});   // 1
  } else {
    const bool dead = seen.registry_fault && !seen.registry_fault->empty();
    out.push_back({"client", dead ? State::fault : State::note, subject,   // 2, 3
                   dead ? "opencode installs them before its first prompt, and " + seen.registry + " cannot be reached (" + *seen.registry_fault + "): it will seem to hang for a minute or more"
                        : "opencode installs them before its first prompt, which takes some seconds once",
                   dead ? "export OPENCODE_DISABLE_DEFAULT_PLUGINS=1      # or: mkdir -p " + seen.modules_folder : ""});
  }
  if (!seen.models_cached && seen.registry_fault && !seen.registry_fault->empty())
    out.push_back({"client", State::warning, "opencode's model list",
                   "there is no stored one, and this machine seems to have no internet: the first prompt waits 10 s for it, and opencode 1.1 then ends with an error",
                   "mkdir -p ~/.cache/opencode && echo '{}' > ~/.cache/opencode/models.json && echo 18 > ~/.cache/opencode/version"});
}

}  // namespace

std::optional<bool> replays_requests(const std::string& version) {
  int major = 0, minor = 0, patch = 0;
  if (std::sscanf(version.c_str(), "%d.%d.%d", &major, &minor, &patch) != 3) return {};
  return std::array{major, minor, patch} < std::array{1, 15, 13};
}

Findings judge_opencode(const OpencodeSeen& seen) {
  Findings out;
  judge_version(seen, out);
  judge_urls(seen, out);
  judge_input(seen, out);
  judge_start(seen, out);
  return out;
}

}  // namespace siltgate::doctor
