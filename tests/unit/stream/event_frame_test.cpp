// SPDX-License-Identifier: Apache-2.0
// An event that is read by comparing it with the one before is found to be what reading it would have found.
#include "stream/event_frame.hpp"

#include <filesystem>
#include <random>

#include "support/catch.hpp"
#include "support/disguise.hpp"
#include "support/told_finding.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate;
using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

/// The decoded text of `event` by comparison with one whose text is `text`; none if it does not fit.
std::optional<std::string> compared(const std::string& head, const std::string& text, const std::string& tail, const std::string& event) {
  const std::string first = head + text + tail;
  EventFrame frame;
  frame.keep(first, {Output::Channel::reasoning, 2, -1, std::string_view(first).substr(head.size(), text.size())});
  Output output{};
  std::string decoded;
  if (!frame.fits(event, output, decoded)) return {};
  CHECK(output.channel == Output::Channel::reasoning);
  CHECK(output.choice == 2);
  CHECK(output.call == -1);
  return std::string(output.text);
}

std::string told(const Outcome& out) {
  std::string text = std::to_string(out.rejected) + std::to_string(out.at_boundary) + std::to_string(out.proper_end) +
                     std::to_string(out.provider_error) + out.finish_reason + ' ' + std::to_string(out.events) + '\n';
  for (const Finding& finding : out.findings) text += told_without_bytes(finding);
  return text + undisguised(out.delivered);
}

void check_alike(const std::string& body, Dialect dialect) {
  for (const Action action : {Action::reject, Action::flag, Action::drop}) {
    INFO(body);
    REQUIRE(told(run(body, dialect, all(action))) == told(run(disguised(body), dialect, all(action))));
  }
}

/// Changes that a damaged stream has: a byte, an event twice, one too few, two in the wrong order, pieces of two.
std::string changed(const std::string& body, std::mt19937& random) {
  const auto any = [&] { return random() % (body.size() + 1); };
  const std::size_t at = any(), other = any(), size = std::min<std::size_t>(body.size() - std::max(at, other), random() % 600);
  std::string out = body;
  switch (random() % 4) {
    case 0: out.insert(at, body.substr(other, size)); break;
    case 1: out.erase(at, random() % 40); break;
    case 2: out.replace(at, size, body, other, size); break;
    default:
      if (at < body.size()) out[at] = random() % 2 ? body[random() % body.size()] : static_cast<char>(random());
  }
  return out;
}

}  // namespace

TEST_CASE("an event fits if it is the kept one with another text", "[stream]") {
  const std::string head = R"(data: {"a":1,"delta":{"content":")", tail = "\"},\"b\":null}\n\n";
  const auto text = [&](const std::string& written) { return compared(head, " the", tail, head + written + tail); };
  CHECK(text("x") == "x");
  CHECK(text(" the") == " the");
  CHECK(text("\xE7\x8B\x90 fox jumps over the lazy dog and sleeps") == "\xE7\x8B\x90 fox jumps over the lazy dog and sleeps");
  CHECK(text(R"(\n\"\u00e9\ud83d\ude00\\)") == "\n\"\xC3\xA9\xF0\x9F\x98\x80\\");
  CHECK(text(R"(a long text that needs more than one block \n)") == "a long text that needs more than one block \n");
}

TEST_CASE("an event that differs in anything else does not fit", "[stream]") {
  const std::string head = R"(data: {"a":1,"delta":{"content":")", tail = "\"},\"b\":null}\n\n";
  const auto fits = [&](const std::string& event) { return compared(head, " the", tail, event).has_value(); };
  for (const char* text : {"", "a\"", "\"", "a\",\"content\":\"b", "\\", "a\\", "\\x", "\\u12", "\\ud800", "a\nb", "a\x01", "a\rb"}) {
    INFO(text);
    CHECK_FALSE(fits(head + text + tail));
  }
  CHECK_FALSE(fits(head + std::string("a\0b", 3) + tail));
  CHECK_FALSE(fits(head + "x" + tail.substr(0, tail.size() - 1)));
  CHECK_FALSE(fits(head + "x" + tail + "\n"));
  CHECK_FALSE(fits(head.substr(1) + "x" + tail));
  CHECK_FALSE(fits(""));
  CHECK_FALSE(fits(head));
  const std::string sound = head + "x" + tail;
  for (std::size_t at = 0; at < sound.size(); ++at) {
    std::string other = sound;
    other[at] ^= 1;
    INFO(other);
    CHECK(fits(other) == (at == head.size()));
  }
}

TEST_CASE("nothing is kept of large events and of escaped texts", "[stream]") {
  const auto kept = [](const std::string& head, const std::string& tail) {
    return compared(head, "t", tail, head + "u" + tail).has_value();
  };
  const std::string padding(EventFrame::most, 'x');
  CHECK(kept("data: {\"" + padding.substr(30) + "\":\"", "\"}\n\n"));
  CHECK_FALSE(kept("data: {\"" + padding + "\":\"", "\"}\n\n"));
  const std::string event = "data: {\"a\":\"\\n\"}\n\n", decoded = "\n";
  EventFrame frame;
  frame.keep(event, {Output::Channel::content, 0, -1, decoded});
  CHECK(frame.empty());
}

TEST_CASE("streams of which no event is like another are found to be the same", "[stream]") {
  std::mt19937 random(7);
  for (const Sample& sample : samples()) {
    check_alike(sample.body, sample.dialect);
    for (int i = 0; i < 300; ++i) check_alike(changed(sample.body, random), sample.dialect);
  }
}

TEST_CASE("recorded streams are found to be the same when no event is like another", "[stream]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  std::mt19937 random(11);
  std::size_t streams = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*corpus() + "/streams")) {
    if (entry.path().extension() != ".sse") continue;
    const std::string whole = slurp(entry.path().string());
    const std::string body = whole.substr(0, whole.find("\n\n", std::min<std::size_t>(whole.size(), 30'000)));
    const Dialect dialect = body.find("event: content_block") != std::string::npos ? Dialect::anthropic_messages : Dialect::openai_chat;
    check_alike(body, dialect);
    for (int i = 0; i < 5; ++i) check_alike(changed(body, random), dialect);
    ++streams;
  }
  CHECK(streams > 400);
}
