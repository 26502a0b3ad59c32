// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/selftest_case.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {
namespace {

/// Nothing of this machine's configuration reaches the self-test.
settings::Machine bare_machine() {
  settings::Machine machine;
  machine.env = [](const std::string&) { return std::optional<std::string>(); };
  machine.read = [](const std::string&) { return settings::FileAnswer{}; };
  machine.keychain = [](const std::string&) { return settings::KeychainAnswer{}; };
  return machine;
}

/// The defaults in front of the demo provider, with waits short enough for somebody who watches.
settings::Settings selftest_settings() {
  settings::Overrides overrides;
  overrides.upstreams = {"demo:"};
  overrides.listen = {"127.0.0.1:0"};
  overrides.concurrency = "1";
  overrides.capture = "off";
  settings::Settings settings = std::get<settings::Loaded>(settings::load(overrides, bare_machine())).settings;
  settings.log.level = observe::Level::error;
  settings.drain = std::chrono::seconds(1);
  for (auto& provider : settings.flow.providers) {
    provider.timeouts.idle = std::chrono::seconds(1);
    provider.retry.attempts = 2;
    provider.retry.max_wait = std::chrono::seconds(2);
  }
  return settings;
}

std::string expected_of(const Case& each) {
  return fmt::format("{}: {}", each.blames.empty() ? "any" : observe::to_string(each.blames.front()),
                     each.causes.empty() ? "any" : each.causes.front());
}

constexpr std::string_view row = "{:<27} {:<32} {:<10} {:<16} {:<26} {}\n";

/// Prints the case's row; true when all went as expected.
bool report(const Case& each, const std::vector<Seen>& all, const Io& io, bool colour) {
  bool good = true;
  for (const Seen& seen : all) {
    const std::string wrong = judge_case(each, seen);
    std::string mark = wrong.empty() ? "ok" : "FAILED: " + wrong;
    if (colour) mark = (wrong.empty() ? "\033[32m" : "\033[31m") + mark + "\033[0m";
    const std::string_view blame = seen.recorded ? observe::to_string(seen.record.verdict.blame) : "-";
    io.out << fmt::format(row, each.name, describe(seen.reply), blame, seen.record.verdict.cause, expected_of(each), mark);
    good = good && wrong.empty();
  }
  io.out.flush();
  return good;
}

/// Stops the server however the cases end.
class Stopper {
 public:
  explicit Stopper(std::function<void()> stop) : stop_(std::move(stop)) {}
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;
  ~Stopper() { stop_(); }

 private:
  std::function<void()> stop_;
};

}  // namespace

int selftest(const Command& command, const Io& io, const Server& server) {
  const Running running = server.start(selftest_settings());
  if (!running.fault.empty()) return complain(io, command, running.fault, exit_unavailable);
  const Stopper stopper(running.stop);
  const bool colour = colour_wanted(io, command.global.color, io.out_is_terminal);
  io.out << fmt::format(row, "CASE", "CLIENT GOT", "VERDICT", "CAUSE", "EXPECTED", "RESULT");
  int failed = 0;
  for (const Case& each : selftest_cases())
    if (!report(each, run_case(each, running.ports.front()), io, colour)) ++failed;
  io.out << (failed == 0 ? "every verdict is as expected\n" : fmt::format("{} of {} cases failed\n", failed, selftest_cases().size()));
  return failed == 0 ? exit_ok : exit_failed;
}

}  // namespace siltgate::cli
