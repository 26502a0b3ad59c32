// SPDX-License-Identifier: Apache-2.0
// What doctor looks at on this machine and on the way to the providers.
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "cli/child.hpp"
#include "cli/control.hpp"
#include "cli/doctor.hpp"
#include "cli/load.hpp"
#include "doctor/judge_listen.hpp"
#include "doctor/judge_opencode.hpp"
#include "doctor/judge_way.hpp"
#include "net/control_socket.hpp"
#include "net/interfaces.hpp"
#include "net/proxy.hpp"
#include "settings/address.hpp"
#include "setup/plan.hpp"

namespace siltgate::cli {
namespace {

using doctor::State;

net::Environment environment_of(const Io& io) {
  return [&io](std::string_view name) { return io.env(std::string(name)); };
}

/// The first of these variables that is set, with its value.
std::optional<std::pair<std::string, std::string>> first_set(const Io& io, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto value = io.env(name); value && !value->empty()) return std::pair{std::string(name), *value};
  return {};
}

std::string head_request(const Url& url) { return "HEAD / HTTP/1.1\r\nHost: " + url.authority() + "\r\nUser-Agent: siltgate-doctor/" SILTGATE_VERSION "\r\nAccept: */*\r\nConnection: close\r\n\r\n"; }

doctor::Findings look_at_provider(const flow::Provider& provider, const Io& io) {
  doctor::Way way{provider.name, provider.base_url, {}, "", provider.tls.ca_file, ""};
  auto proxy = net::choose_proxy(provider.proxy, provider.base_url, environment_of(io));
  if (!proxy) return {{"proxy", State::fault, provider.name, proxy.error().detail, "unset " + proxy.error().detail.substr(0, proxy.error().detail.find(' ')) + "      # or write it as http://host:port"}};
  way.proxy = *proxy;
  if (way.proxy) way.proxy_from = provider.proxy.mode == net::ProxyConfig::Mode::url ? "providers." + provider.name + ".proxy" : first_set(io, {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"})->first;
  if (const auto file = first_set(io, {"NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})) way.other_ca = file->second;
  net::Question question{provider.base_url, *proxy, nullptr, head_request(provider.base_url), false};
  if (provider.base_url.tls()) {
    auto context = net::TlsContext::make(provider.tls);
    if (!context) return {{"tls", State::fault, provider.name, context.error().detail, "\"ca_file\": …      # under providers." + provider.name + ": a readable PEM file"}};
    question.tls = *context;
    way.empty_store = question.tls->empty_store();
  }
  return doctor::judge_way(way, net::look_at(question), std::chrono::system_clock::now());
}

/// HEAD / of siltgate itself, as a client of this address would ask.
doctor::Reached reach(const std::string& address) {
  doctor::Reached out{address, 0, "", ""};
  const auto url = parse_url("http://" + address);
  if (!url) return out.fault = "no address", out;
  net::Question question{*url, {}, nullptr, "GET / HTTP/1.1\r\nHost: " + url->authority() + "\r\nConnection: close\r\n\r\n", false};
  question.step = question.answer = std::chrono::seconds(3);
  const net::WaySeen seen = net::look_at(question);
  out.fault = !seen.dns_fault.empty() ? seen.dns_fault : seen.tcp_fault;
  if (!seen.answer) return out;
  out.status = seen.answer->status;
  out.body = seen.answer->body;
  if (out.status == 0) out.fault = seen.answer->fault;
  return out;
}

doctor::OpencodeSeen::Input input_kind() {
  using Input = doctor::OpencodeSeen::Input;
  if (::isatty(STDIN_FILENO) == 1) return Input::terminal;
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  return ::poll(&ready, 1, 0) == 0 ? Input::waits : Input::ends;
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0;
}

bool switched_on(const Io& io, const char* name) {
  const std::string value = io.env(name).value_or("");
  return value == "1" || value == "true";
}

std::vector<doctor::OpencodeSeen::File> opencode_config(const settings::Machine& machine) {
  std::vector<std::string> paths = setup::opencode_files(machine);
  for (const char* here : {"./opencode.jsonc", "./opencode.json"}) paths.emplace_back(here);
  std::vector<doctor::OpencodeSeen::File> out;
  for (const std::string& path : paths) {
    const settings::FileAnswer answer = machine.read(path);
    if (answer.state != settings::FileAnswer::State::missing) out.push_back({path, answer.text, answer.state == settings::FileAnswer::State::read});
  }
  return out;
}

/// "" when a connection can be made.
std::string registry_fault(const std::string& registry, const Io& io) {
  const auto url = parse_url(registry);
  if (!url) return "not a URL";
  net::Question question{*url, {}, nullptr, "", true};
  if (const auto proxy = net::choose_proxy({}, *url, environment_of(io)); proxy) question.proxy = *proxy;
  question.step = std::chrono::seconds(3);
  question.target.scheme = "http";   // reaching it is enough
  const net::WaySeen seen = net::look_at(question);
  return !seen.dns_fault.empty() ? seen.dns_fault : !seen.tcp_fault.empty() ? seen.tcp_fault : seen.proxy_fault;
}

}  // namespace

void look_at_listeners(const Ground& ground, doctor::Findings& findings) {
  if (!ground.loaded && ground.state) return;   // its own are bound
  for (const settings::Listen& each : ground.listen) {
    doctor::ListenSeen seen{each, net::probe_listen(each.address, each.port), false};
    if (seen.probe.state == net::ListenProbe::State::held) {
      const std::string name = settings::format_address(each.address, each.port);
      const bool own = ground.state && std::find(ground.state->listen.begin(), ground.state->listen.end(), name) != ground.state->listen.end();
      const net::FoundControl found = net::find_control_socket(each.port);
      seen.held_by_siltgate = own || !found.live.empty() || !found.not_permitted.empty();
    }
    findings.push_back(doctor::judge_listen(seen));
  }
}

void look_at_providers(const Ground& ground, const Io& io, doctor::Findings& findings) {
  std::vector<flow::Provider> providers;
  if (ground.loaded) providers = ground.loaded->settings.flow.providers;
  else if (ground.state)
    for (const observe::ProviderRow& row : ground.state->providers)
      if (auto url = parse_url(row.base_url)) {
        providers.emplace_back();
        providers.back().name = row.name;
        providers.back().base_url = *url;
      }
  // Side by side, so that the whole takes no longer than the slowest of them.
  std::vector<std::future<doctor::Findings>> looks;
  for (const flow::Provider& each : providers) {
    if (each.base_url.scheme == "demo") findings.push_back({"answer", State::ok, each.name, "the built-in demo provider needs no network", ""});
    else looks.push_back(std::async(std::launch::async, look_at_provider, std::cref(each), std::cref(io)));
  }
  for (auto& look : looks)
    for (doctor::Finding& each : look.get()) findings.push_back(std::move(each));
}

void look_at_proxy_trap(const Ground& ground, const Io& io, doctor::Findings& findings) {
  const auto proxy = first_set(io, {"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"});
  if (!proxy) return;
  const auto exempt = first_set(io, {"NO_PROXY", "no_proxy"});
  auto trap = doctor::judge_no_proxy(ground.addresses(), proxy->first, exempt ? exempt->second : "");
  findings.push_back(trap ? std::move(*trap) : doctor::Finding{"client", State::ok, proxy->first, "NO_PROXY keeps siltgate's address out of the proxy", ""});
}

void look_at_opencode(const Ground& ground, const Io& io, doctor::Findings& findings) {
  const settings::Machine machine = machine_of(io);
  doctor::OpencodeSeen seen;
  seen.files = opencode_config(machine);
  seen.addresses = ground.addresses();
  const std::string program = find_program("opencode", io.env("PATH").value_or(""));
  seen.installed = !program.empty();
  if (seen.installed) {
    const ChildOutput version = capture_child({program, "--version"}, std::chrono::seconds(5));
    if (version.exit == 0) seen.version = version.out.substr(0, version.out.find_first_of("\r\n"));
  }
  seen.input = input_kind();
  seen.plugins_disabled = switched_on(io, "OPENCODE_DISABLE_DEFAULT_PLUGINS");
  const std::string home = setup::home_of(machine);
  const auto xdg_config = first_set(io, {"XDG_CONFIG_HOME"}), xdg_cache = first_set(io, {"XDG_CACHE_HOME"});
  const std::string config = xdg_config ? xdg_config->second : home + "/.config", cache = xdg_cache ? xdg_cache->second : home + "/.cache";
  seen.modules_folder = config + "/opencode/node_modules";
  seen.modules = exists(seen.modules_folder);
  seen.models_cached = exists(cache + "/opencode/models.json");
  const auto registry = first_set(io, {"BUN_CONFIG_REGISTRY", "NPM_CONFIG_REGISTRY", "npm_config_registry"});
  seen.registry = registry ? registry->second : "https://registry.npmjs.org";
  if ((!seen.plugins_disabled && !seen.modules) || !seen.models_cached) seen.registry_fault = registry_fault(seen.registry, io);
  for (doctor::Finding& each : doctor::judge_opencode(seen)) findings.push_back(std::move(each));
}

bool runs_in_guest(const Command& command) {
  if (!command.from_guest || command.global.listen.empty()) return false;
  const auto named = settings::parse_address(command.global.listen.front());
  return named.fault.empty() && net::probe_listen(named.address, 0).state == net::ListenProbe::State::no_such_address;
}

void look_from_guest(const Command& command, const Ground& ground, const Io& io, doctor::Findings& findings) {
  const auto proxy = first_set(io, {"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"});
  const auto exempt = first_set(io, {"NO_PROXY", "no_proxy"});
  if (runs_in_guest(command)) {
    for (doctor::Finding& each : doctor::judge_in_guest(reach(command.global.listen.front()), proxy ? std::optional(proxy->first) : std::nullopt, exempt ? std::optional(exempt->second) : std::nullopt))
      findings.push_back(std::move(each));
    return;
  }
  doctor::GuestSeen seen;
  seen.running = ground.state.has_value();
  if (ground.loaded) seen.listen = ground.loaded->settings.listen;
  else
    for (const std::string& each : ground.addresses()) {
      const auto parsed = settings::parse_address(each);
      seen.listen.push_back({parsed.address, parsed.port, false, {}});
    }
  for (const net::InterfaceAddress& each : net::interface_addresses()) seen.interfaces.push_back({each.name, each.address, each.network});
  for (const settings::Listen& each : seen.listen)
    if (seen.running && !settings::is_loopback(each.address) && each.address != "0.0.0.0" && each.address != "::") seen.reached.push_back(reach(settings::format_address(each.address, each.port)));
  for (doctor::Finding& each : doctor::judge_guest(seen)) findings.push_back(std::move(each));
}

}  // namespace siltgate::cli
