// SPDX-License-Identifier: Apache-2.0
#include "doctor/judge_listen.hpp"

#include <algorithm>

#include "net/proxy.hpp"
#include "settings/address.hpp"

namespace siltgate::doctor {
namespace {

std::string name_of(const settings::Listen& where) { return settings::format_address(where.address, where.port); }

std::string host_of(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

std::uint16_t port_of(const std::string& address) { return static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)); }

/// Networks that virtual machines and containers use, before the others: those are what --from-guest is about.
bool guest_network(const Interface& each) {
  for (const char* front : {"bridge", "virbr", "docker", "br-", "vmnet", "lxdbr", "incusbr", "podman", "vboxnet", "vmenet"})
    if (each.name.starts_with(front)) return true;
  return each.address.starts_with("192.168.64.") || each.address.starts_with("192.168.105.") || each.address.starts_with("192.168.5.");
}

std::string listen_line(const Interface& each, std::uint16_t port) {
  return "{ \"address\": \"" + settings::format_address(each.address, port) + "\", \"wait\": true, \"allow\": [\"" + each.network + "\"] }";
}

std::string guest_lines(const std::string& address, std::uint16_t port) {
  return "in the guest:  export NO_PROXY=127.0.0.1,localhost," + address + "\n" +
         "               base URL http://" + settings::format_address(address, port) + "/v1      # siltgate setup opencode --base-url http://" +
         settings::format_address(address, port) + "/v1 --write";
}

Finding only_loopback(const GuestSeen& seen) {
  const std::uint16_t port = seen.listen.empty() ? 4290 : seen.listen.front().port;
  std::vector<Interface> likely;
  for (const Interface& each : seen.interfaces)
    if (guest_network(each)) likely.push_back(each);
  std::string lines;
  for (const Interface& each : likely) lines += (lines.empty() ? "" : "\n") + listen_line(each, port) + "      // " + each.name + "; add to \"listen\"";
  if (lines.empty())
    lines = "{ \"address\": \"192.168.64.1:" + std::to_string(port) + "\", \"wait\": true, \"allow\": [\"192.168.64.0/24\"] }" +
            "      // add to \"listen\", with the address this machine has on the guests' network (start a guest, then: ip -br addr)";
  return {"guest", State::fault, "listen", "siltgate listens on loopback alone: no guest can reach it", lines};
}

/// siltgate says itself why it refused: the Host it was asked under, or the network the peer is in.
std::string remedy_of_refusal(const Reached& reached, const std::string& network_remedy) {
  if (reached.body.find("allowed_hosts") == std::string::npos) return network_remedy;
  return "\"admin\": { \"allowed_hosts\": [\"localhost\", \"" + host_of(reached.address) + "\"] }      // in siltgate's configuration on the host";
}

Finding about_listener(const settings::Listen& where, const GuestSeen& seen) {
  const std::string name = name_of(where);
  const auto reached = std::find_if(seen.reached.begin(), seen.reached.end(), [&](const Reached& each) { return each.address == name; });
  if (reached != seen.reached.end() && reached->status == 0)
    return {"guest", where.wait ? State::warning : State::fault, name, "nothing answers at this address: " + reached->fault,
            where.wait ? "start the first guest; siltgate takes the address as soon as it appears" : "siltgate check"};
  if (reached != seen.reached.end() && reached->status == 403)
    return {"guest", State::warning, name, "asked from this machine siltgate refuses: " + reached->body.substr(0, 300),
            remedy_of_refusal(*reached, "add the guests' network to \"allow\" of " + name)};
  if (where.allow.empty())
    return {"guest", State::warning, name, "every machine that reaches this address may use siltgate",
            "\"allow\": [\"192.168.64.0/24\"]      // in the listen entry of " + name + ": the guests' network"};
  std::string networks;
  for (const std::string& each : where.allow) networks += (networks.empty() ? "" : ", ") + each;
  return {"guest", State::ok, name, (seen.running ? "answers; " : "") + std::string("guests in ") + networks + " may use it", ""};
}

}  // namespace

Finding judge_listen(const ListenSeen& seen) {
  const std::string name = name_of(seen.where), subject = "listen " + name;
  using Probe = net::ListenProbe::State;
  switch (seen.probe.state) {
    case Probe::free: return {"port", State::ok, subject, "free", ""};
    case Probe::held:
      if (seen.held_by_siltgate) return {"port", State::ok, subject, "held by the siltgate that runs", ""};
      if (seen.probe.detail.starts_with("systemd ("))
        return {"port", State::ok, subject, "held by systemd for siltgate.socket, which starts siltgate at the first connection", ""};
      return {"port", State::fault, subject, "the port is held by " + seen.probe.detail,
              "stop that process, or choose another port: siltgate --listen " + settings::format_address(seen.where.address, static_cast<std::uint16_t>(seen.where.port + 1))};
    case Probe::no_such_address:
      if (seen.where.wait) return {"port", State::note, subject, "the address is not there yet; siltgate waits for it", ""};
      return {"port", State::fault, subject, "this machine has no such address", "\"wait\": true      // in this listen entry: siltgate then waits for it"};
    case Probe::not_permitted: return {"port", State::fault, subject, "not permitted; ports below 1024 need a privilege", "siltgate --listen " + settings::format_address(seen.where.address, 4290)};
    case Probe::failed: break;
  }
  return {"port", State::fault, subject, seen.probe.detail, "siltgate check"};
}

Findings judge_guest(const GuestSeen& seen) {
  Findings out;
  for (const settings::Listen& where : seen.listen) {
    if (settings::is_loopback(where.address)) continue;
    out.push_back(about_listener(where, seen));
    const bool every = where.address == "0.0.0.0" || where.address == "::";
    if (every) {
      for (const Interface& each : seen.interfaces)
        if (guest_network(each)) out.push_back({"guest", State::note, each.name, "guests on " + each.network + " use " + each.address, guest_lines(each.address, where.port)});
    } else {
      out.push_back({"guest", State::note, name_of(where), "what a guest needs", guest_lines(where.address, where.port)});
    }
  }
  if (out.empty()) out.push_back(only_loopback(seen));
  return out;
}

Findings judge_in_guest(const Reached& reached, const std::optional<std::string>& proxy, const std::optional<std::string>& no_proxy) {
  const std::string host = host_of(reached.address);
  Findings out;
  if (reached.status == 0)
    out.push_back({"guest", State::fault, reached.address, "siltgate on the host cannot be reached: " + reached.fault,
                   "on the host: siltgate doctor --from-guest      # says which listen entry is missing; a firewall on the host can be the reason too"});
  else if (reached.status == 403)
    out.push_back({"guest", State::fault, reached.address, "siltgate refuses this guest: " + reached.body.substr(0, 300),
                   remedy_of_refusal(reached, "add this guest's network to \"allow\" of that listen entry on the host")});
  else
    out.push_back({"guest", State::ok, reached.address, "siltgate on the host answers", ""});
  if (!proxy) return out;
  if (auto trap = judge_no_proxy({reached.address}, *proxy, no_proxy.value_or(""))) out.push_back(std::move(*trap));
  return out;
}

std::optional<Finding> judge_no_proxy(const std::vector<std::string>& addresses, const std::string& proxy_name, const std::string& no_proxy) {
  std::string list = no_proxy, missing;
  for (const std::string& each : addresses) {
    std::string host = host_of(each);
    if (host == "0.0.0.0" || host == "::") host = "127.0.0.1";
    if (net::exempt_from_proxy(list, host, port_of(each))) continue;
    missing += (missing.empty() ? "" : ", ") + host;
    list += (list.empty() ? "" : ",") + host;
    if (settings::is_loopback(host) && !net::exempt_from_proxy(list, "localhost", port_of(each))) list += ",localhost";
  }
  if (missing.empty()) return {};
  return Finding{"client", State::fault, proxy_name, "this is set and NO_PROXY does not list " + missing + ": clients started here send what is meant for siltgate to the proxy",
                 "export NO_PROXY=" + list};
}

}  // namespace siltgate::doctor
