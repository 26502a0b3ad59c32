// SPDX-License-Identifier: Apache-2.0
// The verdict of one exchange: from the running siltgate, else from the captures, which outlive it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/captures.hpp"
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

int print(const observe::ExchangeRecord& record, const Command& command, const Io& io) {
  const bool colour = colour_wanted(io, command.global.color, io.out_is_terminal);
  if (command.json) io.out << observe::record_to_json(record) << '\n';
  else io.out << observe::explain(record, colour);
  return observe::exit_code(record.verdict.blame);
}

/// `fault` is what the running siltgate, or the lack of one, had to say.
int from_captures(const Command& command, const Io& io, const std::string& fault, int exit) {
  const auto capture = find_capture_quietly(command, io);
  if (!capture) return complain(io, command, fault, exit);
  if (!capture->record)
    return complain(io, command, capture->id + " has no verdict: siltgate ended before the exchange did. siltgate show " +
                                     capture->id + " has what came", exit_failed);
  say(io, command, "from the capture of " + observe::iso8601(capture->started_at) + ":");
  return print(*capture->record, command, io);
}

/// Agents go on after a failure by themselves, and a title follows the answer: the last exchange is often not the one that went wrong.
void point_back(const observe::ExchangeRecord& last, const Instance& instance, const Command& command, const Io& io) {
  if (command.id != "last" || command.json || last.verdict.blame != observe::Blame::intact) return;
  const HttpReply reply = get(instance, "/-/api/exchanges?limit=50&since=15m");
  const auto list = nlohmann::json::parse(reply.body, nullptr, false);
  if (reply.status != 200 || !list.is_array()) return;
  for (const auto& each : list) {
    const auto record = observe::record_from_json(each.dump());
    if (!record || record->verdict.blame == observe::Blame::intact || record->verdict.cause == "client_left") continue;
    return say(io, command, "this is the last one; of those before it " + record->id + " went wrong (" + std::string(to_string(record->verdict.blame)) + ", " +
                                record->verdict.cause + "): siltgate why " + record->id);
  }
}

}  // namespace

int why(const Command& command, const Io& io) {
  if (!plain_id(command.id)) return complain(io, command, "an exchange is named like sg_abcdefghij, not \"" + command.id + "\"", exit_usage);
  std::string fault;
  const Instance instance = look_for_instance(command, io, fault);
  if (instance.exit != 0) return from_captures(command, io, fault, instance.exit);
  const HttpReply reply = get(instance, "/-/api/exchanges/" + command.id);
  if (reply.status == 404) {
    std::string_view said = reply.body;
    said.remove_prefix(said.starts_with("siltgate: ") ? 10 : 0);
    return from_captures(command, io, std::string(said), exit_no_file);
  }
  if (const int exit = check_reply(reply, command, io); exit != 0) return exit;
  const auto record = observe::record_from_json(reply.body);
  if (!record) return complain(io, command, "the running siltgate's answer is not understood; is it another version?", exit_bug);
  const int exit = print(*record, command, io);
  io.out.flush();
  point_back(*record, instance, command, io);
  return exit;
}

}  // namespace siltgate::cli
