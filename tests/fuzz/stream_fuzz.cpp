// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever the bytes, cutting them must change neither what is delivered nor what is found, and neither must spaces that
// make its events unlike each other.
// Byte 0 picks the dialect and the actions, byte 1 the sizes of the reads; the rest is the body.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "stream/stream_checker.hpp"
#include "support/disguise.hpp"
#include "support/told_finding.hpp"

using namespace siltgate;
using namespace siltgate::stream;

namespace {

struct Outcome {
  std::string delivered;
  bool rejected = false;
  bool at_boundary = true;
  std::uint64_t events = 0;
  std::string findings;
  std::string meaning;   // what spaces between two events' members leave as it is
  bool operator==(const Outcome&) const = default;
};

/// Seed 0 feeds the body in one read.
Outcome run(std::string_view body, Dialect dialect, const Config& config, std::uint32_t seed) {
  StreamChecker checker(dialect, config);
  Outcome out;
  const auto take = [&out](const Step& step) {
    out.delivered.append(step.first).append(step.second);
    out.rejected = step.rejected;
    out.at_boundary = step.at_boundary;
  };
  while (!body.empty() && !out.rejected) {
    if (seed != 0) seed = seed * 1664525u + 1013904223u;
    const std::size_t size = seed == 0 ? body.size() : 1 + (seed >> 24) % 40;
    const std::string read(body.substr(0, size));
    body.remove_prefix(read.size());
    take(checker.feed(read));
  }
  if (!out.rejected) take(checker.finish());
  out.events = checker.events();
  for (const Finding& finding : checker.findings()) {
    out.meaning += test::told_without_bytes(finding);
    out.findings += test::told(finding);
  }
  out.findings += checker.finish_reason();
  out.meaning += checker.finish_reason();
  out.findings += checker.provider_error() ? checker.provider_error()->json : "";
  return out;
}

void fail(const char* what, const Outcome& whole, const Outcome& cut) {
  std::fprintf(stderr, "%s\n-- whole: %d %zu bytes\n%s\n-- cut: %d %zu bytes\n%s\n", what, whole.rejected,
               whole.delivered.size(), whole.findings.c_str(), cut.rejected, cut.delivered.size(), cut.findings.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr Action modes[][2] = {{Action::reject, Action::reject}, {Action::flag, Action::flag}, {Action::drop, Action::flag},
                                 {Action::repair, Action::repair}, {Action::pass, Action::pass}, {Action::flag, Action::drop},
                                 {Action::repair, Action::drop}, {Action::flag, Action::reject}};
  const auto dialect = static_cast<Dialect>(data[0] & 3);
  const auto& mode = modes[(data[0] >> 2) & 7];
  Config config;
  for (std::size_t i = 0; i < config.actions.size(); ++i) config.actions[i] = mode[i % 2];
  if (mode[0] == Action::repair && mode[1] == Action::drop) config[Check::utf8] = Action::repair;
  config.event_limit = (data[0] >> 5) & 1 ? Bytes{200} : 32_MiB;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = run(body, dialect, config, 0);
  const Outcome cut = run(body, dialect, config, data[1] + 1u);
  if (!(whole == cut)) fail("cutting changed the outcome", whole, cut);
  if (mode[0] == Action::reject && body.substr(0, whole.delivered.size()) != whole.delivered)
    fail("what was delivered is not what came", whole, cut);
  if (config.event_limit == Bytes{200}) return 0;
  const Outcome apart = run(test::disguised(body), dialect, config, 0);
  if (whole.meaning != apart.meaning || whole.events != apart.events || whole.rejected != apart.rejected ||
      test::undisguised(whole.delivered) != test::undisguised(apart.delivered))
    fail("events unlike each other changed the outcome", whole, apart);
  return 0;
}
