// SPDX-License-Identifier: Apache-2.0
#include "settings/check.hpp"

#include <algorithm>
#include <map>

#include "schedule/refusal.hpp"
#include "settings/address.hpp"
#include "settings/field_table.hpp"
#include "settings/suggest.hpp"

namespace siltgate::settings {
namespace {

using schedule::Concurrency;

std::string provider_path(const flow::Provider& provider, std::string_view rest, Names more = {}) {
  more.insert(more.begin(), provider.name);
  return display_path("providers.*" + std::string(rest.empty() ? "" : ".") + std::string(rest), more);
}

/// A listener that other machines can reach and that lets every one of them in.
bool open_to_others(const Listen& listen) { return !is_loopback(listen.address) && listen.allow.empty(); }

void check_default_provider(const Settings& s, std::vector<Fault>& out) {
  std::vector<std::string> names;
  for (const auto& provider : s.flow.providers) names.push_back(provider.name);
  if (std::find(names.begin(), names.end(), s.flow.default_provider) != names.end() || names.empty()) return;
  if (s.flow.default_provider.empty())
    return out.push_back({"providers", "there are several providers: say with \"default_provider\" which one serves paths that name none (" + quoted_list(names, " or ") + ")", true});
  const auto advice = did_you_mean(s.flow.default_provider, names);
  out.push_back({"default_provider", "there is no provider \"" + s.flow.default_provider + "\";" +
                                         (advice.empty() ? " there is " + quoted_list(names, " and ") : advice)});
}

void check_groups(const flow::Provider& provider, const Origins& origins, std::vector<Fault>& out) {
  struct Place {
    std::string model, group, path;
    std::size_t offset;
  };
  std::vector<Place> places;
  for (const auto& [name, group] : provider.limits.groups)
    for (std::size_t i = 0; i < group.models.size(); ++i) {
      const auto path = provider_path(provider, "groups.*.models", {name}) + "[" + std::to_string(i) + "]";
      const auto origin = origins.find(path);
      places.push_back({group.models[i], name, path, origin == origins.end() ? 0 : origin->second.value.begin});
    }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.offset < b.offset; });
  std::map<std::string, std::string> seen;
  for (const Place& place : places) {
    const auto [first, fresh] = seen.emplace(place.model, place.group);
    if (!fresh && first->second != place.group)
      out.push_back({place.path, "the model \"" + place.model + "\" is in the group \"" + first->second + "\" already; a model is in one group at most"});
  }
}

void check_auth(const Settings& s, const flow::Provider& provider, std::vector<Fault>& out) {
  if (provider.auth != flow::Auth::replace) return;
  const auto path = provider_path(provider, "auth");
  if (provider.keys.empty())
    out.push_back({path, "auth replace needs a key to put in: \"keys\": { \"team\": { \"value\": \"{env:ZHIPU_API_KEY}\" } }"});
  if (!s.client_tokens.empty()) return;
  for (const Listen& listen : s.listen)
    if (open_to_others(listen)) {
      out.push_back({path, "auth replace lends your key to whoever connects, and other machines can reach " + format_address(listen.address, listen.port) +
                               "; set \"client_tokens\", or \"allow\" on that listener"});
      break;
    }
}

void check_keys(const flow::Provider& provider, std::vector<Fault>& out) {
  for (std::size_t i = 0; i < provider.keys.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!provider.keys[i].value.empty() && provider.keys[i].value == provider.keys[j].value) {
        out.push_back({provider_path(provider, "keys.*.value", {provider.keys[i].name}), "this is the same key as \"" + provider.keys[j].name + "\""});
        break;
      }
}

void check_tokens(const Settings& s, std::vector<Fault>& out) {
  std::map<std::string, std::string> seen;
  for (const auto& [name, value] : s.client_tokens) {
    const auto [first, fresh] = seen.emplace(value, name);
    if (!fresh && !value.empty()) out.push_back({display_path("client_tokens.*", {name}), "this is the same token as that of \"" + first->second + "\""});
  }
}

void check_listeners(const Settings& s, std::vector<Fault>& out) {
  for (std::size_t i = 0; i < s.listen.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (s.listen[i].port != 0 && s.listen[i].port == s.listen[j].port && s.listen[i].address == s.listen[j].address) {
        out.push_back({display_path("listen.*.address", {std::to_string(i)}), format_address(s.listen[i].address, s.listen[i].port) + " stands in listen twice"});
        break;
      }
}

void derive_provider(flow::Provider& provider, const Settings& s, Origins& origins) {
  auto note = [&](std::string_view rest, std::string why) {
    origins[provider_path(provider, rest)] = {Origin::From::derived, std::move(why), {}, {}, ""};
  };
  if (provider.profile.empty()) {
    const bool demo = provider.base_url.scheme == "demo";
    provider.profile = demo ? "zai" : std::string(schedule::profile_for_host(provider.base_url.host));
    note("profile", demo ? "the demo provider speaks as Z.AI does" : "guessed from the host");
  }
  auto& cap = provider.limits.concurrency;
  if (cap.mode != Concurrency::Mode::unset) return;
  // Z.AI's plans allow as little as one: only a number lifts that, not the automatic of everybody.
  if (s.concurrency.mode == Concurrency::Mode::fixed || provider.profile != "zai") {
    cap = s.concurrency;
    note("limits.concurrency", "limits.concurrency");
  } else {
    cap = {Concurrency::Mode::fixed, schedule::initial_concurrency("zai"), 0, true};
    note("limits.concurrency", "profile zai");
  }
}

}  // namespace

void derive_settings(Settings& settings, Origins& origins) {
  for (auto& provider : settings.flow.providers) derive_provider(provider, settings, origins);
  if (settings.flow.default_provider.empty() && settings.flow.providers.size() == 1) {
    settings.flow.default_provider = settings.flow.providers.front().name;
    origins["default_provider"] = {Origin::From::derived, "the only provider", {}, {}, ""};
  }
  settings.flow.access.allowed_hosts = settings.admin.allowed_hosts;
  settings.flow.client_tokens = settings.client_tokens;
  settings.flow.debug_events = settings.log.level == observe::Level::debug;
}

std::vector<Fault> check_settings(const Settings& settings, const Origins& origins) {
  std::vector<Fault> out;
  check_default_provider(settings, out);
  check_listeners(settings, out);
  check_tokens(settings, out);
  for (const auto& provider : settings.flow.providers) {
    check_groups(provider, origins, out);
    check_auth(settings, provider, out);
    check_keys(provider, out);
  }
  return out;
}

std::vector<Fault> doubts_about(const Settings& settings, const Origins&) {
  std::vector<Fault> out;
  for (const auto& provider : settings.flow.providers) {
    const bool clear = provider.base_url.scheme == "http" && provider.base_url.host != "localhost" && !is_loopback(provider.base_url.host);
    if (clear) out.push_back({provider_path(provider, "base_url"), "keys and prompts go to " + provider.base_url.authority() + " unencrypted (http)"});
    if (!provider.keys.empty() && provider.auth == flow::Auth::replace && settings.client_tokens.empty())
      for (std::size_t i = 0; i < settings.listen.size(); ++i)
        for (const auto& network : settings.listen[i].allow)
          if (network.ends_with("/0") && !is_loopback(settings.listen[i].address))
            out.push_back({display_path("listen.*.allow", {std::to_string(i)}), network + " lets every machine use your key"});
  }
  return out;
}

}  // namespace siltgate::settings
