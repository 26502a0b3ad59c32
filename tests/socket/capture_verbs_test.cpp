// SPDX-License-Identifier: Apache-2.0
// show, export and why on captures in a folder, with no siltgate running.

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"
#include "observe/capture_lines.hpp"
#include "observe/capture_retention.hpp"
#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "unit/observe/sample_capture.hpp"

using namespace siltgate;
using namespace siltgate::cli;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int exit = 0;
  std::string out, err;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A state directory with captures in it.
struct State {
  State() {
    fs::create_directories(path + "/siltgate/captures");
  }

  std::string add(const std::string& id, int minute, Cause cause) {
    observe::ExchangeRecord record = observe::failed_record(cause);
    record.id = id;
    record.started_at += std::chrono::minutes(minute);
    record.verdict = observe::judge(record);
    observe::CaptureMaker maker;
    maker.head(record);
    maker.response();
    maker.read("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n");
    maker.read("data: \xff cut");
    maker.line(observe::end_members(&*record.failure));
    const std::string file = path + "/siltgate/captures/" + observe::capture_name(record.started_at, id);
    std::ofstream(file, std::ios::binary) << maker.text() << "{\"type\":\"tail\",\"complete\":true,\"masked\":0," << observe::tail_members(record, {}) << "}\n";
    return file;
  }

  Ran run(std::vector<std::string> arguments) const {
    std::ostringstream out, err;
    const Env env = [this](const std::string& name) { return name == "XDG_STATE_HOME" ? std::optional<std::string>(path) : std::nullopt; };
    arguments.push_back("--listen");
    arguments.push_back("127.0.0.1:1");   // no instance there
    Ran ran;
    ran.exit = run_command_line(std::move(arguments), Io{out, err, env}, Server{});
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }

  test::TemporaryFolder folder;
  const std::string& path = folder.path();
};

}  // namespace

TEST_CASE("why explains an exchange of an earlier run from its capture, with evidence and advice", "[socket]") {
  State state;
  state.add("sg_aaaaaaaaaa", 1, Cause::upstream_reset);
  state.add("sg_bbbbbbbbbb", 2, Cause::upstream_silent);
  const Ran ran = state.run({"why", "sg_aaaaaaaaaa"});
  CHECK(ran.exit >= 10);
  for (const char* part : {"sg_aaaaaaaaaa", "Facts", "Timeline", "Attempts", "What you can do"}) CHECK(contains(ran.out, part));
  CHECK(contains(ran.err, "from the capture"));
  CHECK(contains(state.run({"why"}).out, "sg_bbbbbbbbbb"));
  CHECK(contains(state.run({"why", "aaaa"}).out, "sg_aaaaaaaaaa"));
  CHECK(nlohmann::json::parse(state.run({"why", "--json"}).out)["id"] == "sg_bbbbbbbbbb");
  const Ran none = state.run({"why", "sg_cccccccccc"});
  CHECK(none.exit == exit_unavailable);
  CHECK(contains(none.err, "no siltgate is running"));
}

TEST_CASE("show prints every view of a capture; raw is the received bytes exactly", "[socket]") {
  State state;
  const std::string file = state.add("sg_aaaaaaaaaa", 1, Cause::upstream_reset);
  CHECK(state.run({"show", "last", "--raw"}).out == "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: \xff cut");
  CHECK(contains(state.run({"show"}).out, "ended: upstream_reset"));
  CHECK(contains(state.run({"show", "--events"}).out, "(cut)"));
  CHECK(contains(state.run({"show", "sg_a", "--chat"}).out, "--- text\nHi\n"));
  CHECK(contains(state.run({"show", "--headers"}).out, "Authorization: [redacted]"));
  CHECK(contains(state.run({"show", "--diff"}).out, "delivered  0 bytes"));
  CHECK(contains(state.run({"show", "--hex", "1"}).out, "|data: {\"choices\""));
  CHECK(contains(state.run({"show", "--hex", "last"}).out, "no finding"));
  CHECK(contains(state.run({"show", file, "--hex"}).out, "no finding"));
}

TEST_CASE("show says what is wrong and what to do", "[socket]") {
  State state;
  const Ran empty = state.run({"show"});
  CHECK(empty.exit == exit_no_file);
  CHECK(contains(empty.err, "--capture all"));
  state.add("sg_aaaaaaaaaa", 1, Cause::upstream_reset);
  state.add("sg_aaaaaaaaab", 2, Cause::upstream_reset);
  CHECK(contains(state.run({"show", "sg_aaaa"}).err, "sg_aaaaaaaaab"));
  CHECK(contains(state.run({"show", "--hex", "7"}).err, "no event 7"));
  CHECK(state.run({"show", "--hex", "0"}).exit == exit_usage);
  CHECK(contains(state.run({"show", "--attempt", "4", "--raw"}).err, "no attempt 4"));
}

TEST_CASE("export wants one form and writes it", "[socket]") {
  State state;
  state.add("sg_aaaaaaaaaa", 1, Cause::upstream_reset);
  CHECK(state.run({"export", "last"}).exit == exit_usage);
  CHECK(state.run({"export", "last", "--har", "--curl"}).exit == exit_usage);
  CHECK(nlohmann::json::parse(state.run({"export", "last", "--har"}).out)["log"]["version"] == "1.2");
  CHECK(contains(state.run({"export", "--curl"}).out, "curl -sS -N -X POST"));
  CHECK(contains(state.run({"export", "--bundle"}).out, "# siltgate exchange sg_aaaaaaaaaa"));
}
