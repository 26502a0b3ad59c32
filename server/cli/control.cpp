// SPDX-License-Identifier: Apache-2.0
#include "cli/control.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "observe/state.hpp"

namespace siltgate::cli {
namespace {

/// The port of "127.0.0.1:4290", "[::1]:4290", ":4290" or "4290".
std::optional<std::uint16_t> port_of(std::string_view address) {
  const std::string_view digits = address.substr(address.rfind(':') + 1);
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return {};
  return port;
}

std::string wanted_address(const Command& command, const Io& io) {
  if (!command.global.listen.empty()) return command.global.listen.front();
  const std::string list = io.env("SILTGATE_LISTEN").value_or("");
  return list.substr(0, list.find_first_of(", "));
}

std::string list_live(const std::vector<std::string>& paths) {
  std::string out = "several siltgates are running; select one:";
  for (const std::string& path : paths)
    out += "\n  --listen 127.0.0.1:" + std::to_string(net::port_of_control_path(path).value_or(0)) + "   (" + path + ")";
  return out;
}

std::string none_running(const std::string& wanted) {
  return wanted.empty() ? "no siltgate is running. Start one: siltgate --upstream demo:"
                        : "no siltgate is running on " + wanted + ". Start it: siltgate --listen " + wanted;
}

bool listens_on(const std::string& socket, std::uint16_t port) {
  const HttpReply reply = get({socket, 0}, "/-/api/state");
  const auto state = reply.status == 200 ? observe::state_from_json(reply.body) : std::nullopt;
  return state && std::any_of(state->listen.begin(), state->listen.end(), [port](const std::string& name) { return port_of(name) == port; });
}

}  // namespace

net::FoundControl find_control(const Command& command, const Io& io, std::optional<std::uint16_t> port) {
  const settings::ControlEntry entry = settings::control_entry(overrides_of(command), machine_of(io));
  net::FoundControl found = net::find_control_socket(port);
  if (!entry.socket.empty()) {
    const net::ControlState state = net::probe_control_socket(entry.socket);
    if (state == net::ControlState::not_permitted) found.not_permitted.insert(found.not_permitted.begin(), entry.socket);
    if (state == net::ControlState::live && (!port || listens_on(entry.socket, *port))) found = {entry.socket, {entry.socket}, {}};
  }
  if (found.path.empty() && !port && command.global.config)
    if (net::FoundControl named = net::find_control_socket(entry.port); !named.path.empty()) found.path = named.path;
  return found;
}

Instance look_for_instance(const Command& command, const Io& io, std::string& fault) {
  const std::string wanted = wanted_address(command, io);
  const auto port = port_of(wanted);
  const auto refuse = [&fault](std::string sentence, int exit) {
    fault = std::move(sentence);
    return Instance{"", exit};
  };
  if (!wanted.empty() && !port) return refuse("--listen " + wanted + ": no port to find an instance by", exit_usage);
  const net::FoundControl found = find_control(command, io, port);
  if (!found.path.empty()) return {found.path, 0};
  if (!found.live.empty()) return refuse(list_live(found.live), exit_unavailable);
  if (!found.not_permitted.empty())
    return refuse("not permitted to use " + found.not_permitted.front() + "; run this as the user siltgate runs as, or with sudo", exit_not_permitted);
  return refuse(none_running(wanted), exit_unavailable);
}

Instance find_instance(const Command& command, const Io& io) {
  std::string fault;
  const Instance instance = look_for_instance(command, io, fault);
  if (instance.exit != 0) complain(io, command, fault, instance.exit);
  return instance;
}

HttpReply get(const Instance& instance, std::string_view target, const BodySink& sink) {
  HttpRequest request;
  request.target = target;
  if (sink) request.silence = Duration::zero();
  return http_request({instance.path, 0}, request, sink);
}

HttpReply post(const Instance& instance, std::string_view target) {
  HttpRequest request;
  request.method = "POST";
  request.target = target;
  return http_request({instance.path, 0}, request);
}

int check_reply(const HttpReply& reply, const Command& command, const Io& io) {
  if (reply.system == EACCES || reply.system == EPERM) return complain(io, command, reply.fault, exit_not_permitted);
  if (reply.status == 0) return complain(io, command, "the running siltgate does not answer: " + reply.fault, exit_unavailable);
  if (reply.status >= 200 && reply.status < 300) return exit_ok;
  std::string_view sentence = reply.body;
  if (constexpr std::string_view own = "siltgate: "; sentence.starts_with(own)) sentence.remove_prefix(own.size());
  return complain(io, command, sentence, reply.status == 403 ? exit_not_permitted : reply.status == 409 ? exit_config : exit_failed);
}

}  // namespace siltgate::cli
