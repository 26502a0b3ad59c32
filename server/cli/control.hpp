// SPDX-License-Identifier: Apache-2.0
// Asking the running siltgate through its control socket: which instance, and what to say when there is none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command_line.hpp"
#include "cli/http_client.hpp"
#include "cli/io.hpp"
#include "net/control_socket.hpp"

namespace siltgate::cli {

/// net::find_control_socket(), and before all the socket that the configuration names, when an instance is there that listens on
/// `port`. Of several instances the one on the port of the file that --config names.
net::FoundControl find_control(const Command& command, const Io& io, std::optional<std::uint16_t> port);

/// The instance a verb means; `exit` is not 0 when there is none to speak to, and the complaint has been made.
struct Instance {
  std::string path;
  int exit = 0;
};
/// --listen (or SILTGATE_LISTEN) selects by port; otherwise the only one that is live.
/// The same without printing: `fault` is the complaint.
Instance look_for_instance(const Command& command, const Io& io, std::string& fault);
Instance find_instance(const Command& command, const Io& io);

HttpReply get(const Instance& instance, std::string_view target, const BodySink& sink = {});
HttpReply post(const Instance& instance, std::string_view target);

/// The exit code for a reply that is not a success, complaint included; 0 for 2xx.
int check_reply(const HttpReply& reply, const Command& command, const Io& io);

}  // namespace siltgate::cli
