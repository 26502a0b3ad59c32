// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"
#include "observe/explain.hpp"
#include "observe/record_json.hpp"
#include "observe/verdict.hpp"

namespace siltgate::cli {
namespace {

bool plain_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

int why(const Command& command, const Io& io) {
  if (!plain_id(command.id)) return complain(io, command, "an exchange is named like sg_abcdefghij, not \"" + command.id + "\"", exit_usage);
  const Instance instance = find_instance(command, io);
  if (instance.exit != 0) return instance.exit;
  const HttpReply reply = get(instance, "/-/api/exchanges/" + command.id);
  if (const int exit = check_reply(reply, command, io); exit != 0) return exit;
  const auto record = observe::record_from_json(reply.body);
  if (!record) return complain(io, command, "the running siltgate's answer is not understood; is it another version?", exit_bug);
  const bool colour = colour_wanted(io, command.global.color, io.out_is_terminal);
  io.out << (command.json ? reply.body : observe::explain(*record, colour));
  return observe::exit_code(record->verdict.blame);
}

}  // namespace siltgate::cli
