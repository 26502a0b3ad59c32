// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"
#include "observe/log_line.hpp"
#include "observe/record_json.hpp"

namespace siltgate::cli {
namespace {

/// Prints records as they were asked for: JSON lines, coloured lines for people, or logfmt for pipes.
class Printer {
 public:
  Printer(const Command& command, const Io& io)
      : io_(io), json_(command.json), people_(io.out_is_terminal),
        colour_(colour_wanted(io, command.global.color, io.out_is_terminal)) {}

  void print(const std::string& json) const {
    if (json_) return void(io_.out << json << '\n');
    const auto record = observe::record_from_json(json);
    if (!record) return;
    const auto took = std::chrono::duration_cast<WallTime::duration>(record->ended - record->accepted);
    io_.out << observe::spell(observe::exchange_line(*record), record->started_at + took,
                              people_ ? observe::Spelling::terminal : observe::Spelling::logfmt, colour_);
  }

 private:
  const Io& io_;
  bool json_, people_, colour_;
};

/// `limit=…&verdict=…&since=…`; the values were checked and hold nothing that needs escaping.
std::string query_of(const Command& command) {
  std::string query = "limit=" + std::to_string(std::min(command.count, 500));
  if (!command.verdict.empty()) query += "&verdict=" + command.verdict;
  if (!command.since.empty()) query += "&since=" + command.since;
  return query;
}

int print_recent(const Instance& instance, const Command& command, const Io& io, const Printer& printer) {
  const HttpReply reply = get(instance, "/-/api/exchanges?" + query_of(command));
  if (const int exit = check_reply(reply, command, io); exit != 0) return exit;
  const auto list = nlohmann::ordered_json::parse(reply.body, nullptr, false);
  if (!list.is_array()) return complain(io, command, "the running siltgate's answer is not understood", exit_bug);
  for (auto record = list.rbegin(); record != list.rend(); ++record) printer.print(record->dump());
  if (list.empty()) say(io, command, "no exchange yet that fits");
  io.out.flush();
  return exit_ok;
}

/// Recent ones and new ones in one stream: none falls between.
int follow(const Instance& instance, const Command& command, const Io& io, const Printer& printer) {
  std::string rest;
  const HttpReply reply = get(instance, "/-/api/events?format=json_lines&" + query_of(command), [&](std::string_view bytes) {
    rest += bytes;
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
      if (end > 0) printer.print(rest.substr(0, end));
    io.out.flush();
    return static_cast<bool>(io.out);
  });
  if (const int exit = check_reply(reply, command, io); exit != 0) return exit;
  if (io.out) say(io, command, "siltgate has stopped");
  return exit_ok;
}

}  // namespace

int log(const Command& command, const Io& io) {
  const Instance instance = find_instance(command, io);
  if (instance.exit != 0) return instance.exit;
  const Printer printer(command, io);
  return command.follow ? follow(instance, command, io, printer) : print_recent(instance, command, io, printer);
}

}  // namespace siltgate::cli
