// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "observe/base64.hpp"
#include "observe/redact.hpp"
#include "unit/observe/sample_capture.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

const std::string canary = "sk-canary-0123456789abcdef";

/// All bytes a capture's text gives away, base64 undone.
std::string everything_in(const std::string& text) {
  const Capture capture = read_capture(text).value();
  std::string out = text + capture.request_body.value_or("");
  for (const CapturedAttempt& attempt : capture.attempts) out += "\n" + attempt.body();
  for (const CapturedDelivery& delivery : capture.deliveries) out += "\n" + delivery.bytes;
  return out;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("base64 comes back as it was for every length and byte", "[observe]") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    append_base64(text, bytes);
    CHECK(text.size() == (bytes.size() + 2) / 3 * 4);
    CHECK(from_base64(text) == bytes);
    bytes += static_cast<char>(i * 7);
  }
  std::string known;
  append_base64(known, "foob");
  CHECK(known == "Zm9vYg==");
  for (const char* bad : {"Zm9", "Zm9v=", "Z===", "Zm9*", "=m9v"}) CHECK_FALSE(from_base64(bad));
}

TEST_CASE("reads come back with their borders however they are cut and handed over", "[observe]") {
  std::string body;
  for (int i = 0; i < 2000; ++i) body += static_cast<char>(i * 31 + i / 256);
  for (std::size_t step : {1UL, 7UL, 100UL, 1999UL}) {
    for (std::size_t batch : {1UL, 3UL, 1000UL}) {
      CaptureMaker maker({canary});
      maker.head();
      maker.response();
      std::size_t reads = 0;
      for (std::size_t at = 0; at < body.size(); at += step) {
        maker.read(std::string_view(body).substr(at, step), {static_cast<std::uint32_t>(std::min(step, body.size() - at))});
        if (++reads % batch == 0) maker.hand_over();
      }
      const Capture capture = maker.read_back();
      REQUIRE(capture.attempt() != nullptr);
      CHECK(capture.attempt()->body() == body);
      CHECK(capture.attempt()->reads.size() == reads);
      CHECK(capture.attempt()->reads.front().chunk_ends == std::vector<std::uint32_t>{static_cast<std::uint32_t>(step)});
      CHECK(capture.attempt()->reads.back().offset + capture.attempt()->reads.back().bytes.size() == body.size());
      CHECK(maker.masked() == 0);
    }
  }
}

TEST_CASE("a known secret in a body is masked at every cut between two reads and two batches", "[observe]") {
  const std::string secret = "hush-0123456789-hush";
  const std::string body = std::string(200, 'a') + secret + std::string(400, 'b');
  for (std::size_t cut = 195; cut < 225; ++cut)
    for (bool batches : {false, true}) {
      CaptureMaker maker({secret});
      maker.head();
      maker.read(std::string_view(body).substr(0, cut));
      if (batches) maker.hand_over();
      maker.read(std::string_view(body).substr(cut));
      const std::string text = maker.text();
      CHECK_FALSE(contains(everything_in(text), secret));
      const std::string left = read_capture(text)->attempt()->body();
      CHECK(left == std::string(200, 'a') + std::string(secret.size(), '*') + std::string(400, 'b'));
      CHECK(maker.masked() == secret.size());
    }
}

TEST_CASE("a secret that arrives byte by byte, each in its own batch, is masked", "[observe]") {
  const std::string body = "data: {\"content\":\"your key is " + canary + ", keep it\"}\n\n";
  for (bool known : {true, false}) {
    CaptureMaker maker(known ? Secrets{canary} : Secrets{});
    maker.head();
    for (char c : body) {
      maker.read({&c, 1});
      maker.hand_over();
    }
    const std::string text = maker.text();
    CHECK_FALSE(contains(everything_in(text), canary));
    CHECK_FALSE(contains(everything_in(text), "0123456789abcdef"));
    CHECK(read_capture(text)->attempt()->body().size() == body.size());
  }
}

TEST_CASE("a secret that the end of the body cuts off is masked as far as it came", "[observe]") {
  const std::string secret = "hush-0123456789-hush";
  for (std::size_t size = 6; size <= secret.size(); ++size) {
    CaptureMaker maker({secret});
    maker.head();
    maker.read("data: " + secret.substr(0, size));
    CHECK(read_capture(maker.text())->attempt()->body() == "data: " + std::string(size, '*'));
  }
}

TEST_CASE("a token longer than anything held back is masked to its end", "[observe]") {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9." + std::string(5000, 'Q') + "tail7";
  CaptureMaker maker;
  maker.head();
  const std::string body = "x " + jwt + " y";
  for (std::size_t at = 0; at < body.size(); at += 50) {
    maker.read(std::string_view(body).substr(at, 50));
    maker.hand_over();
  }
  const std::string left = read_capture(maker.text())->attempt()->body();
  CHECK(left == "x " + std::string(jwt.size(), '*') + " y");
}

TEST_CASE("secrets are masked in request bodies, changed deliveries, own words and lines", "[observe]") {
  CaptureMaker maker({canary});
  maker.head();
  maker.request_body("{\"key\":\"" + canary + "\"}");
  maker.line("\"type\":\"note\",\"text\":\"" + canary + "\"");
  maker.changed("before " + canary + " behind");
  maker.own("error: " + canary);
  CHECK_FALSE(contains(everything_in(maker.text()), canary));
}

TEST_CASE("words of an answer are no credentials", "[observe]") {
  for (const std::string body : {"the basic structure of authorization: something simple", "bearer instruments and basic understanding",
                                 "risk-averse task-oriented sk-learn", "api_key = os.environ", "\"eyJ\" begins a token"}) {
    CaptureMaker maker;
    maker.head();
    maker.read(body);
    CHECK(read_capture(maker.text())->attempt()->body() == body);
  }
}

TEST_CASE("values that look like credentials are masked in a body without being known", "[observe]") {
  for (const std::string value : {"Bearer abcdef0123456789abcdef", "x-api-key: abcdef0123456789xyz", "0123456789abcdef0123456789abcdef.AbCdEfGhIj12",
                                  "sk-proj-abcdef0123456789"}) {
    CaptureMaker maker;
    maker.head();
    maker.read("see " + value + " there");
    CHECK_FALSE(contains(read_capture(maker.text())->attempt()->body(), value));
  }
}

TEST_CASE("heads keep everything but the values of fields that hold credentials", "[observe]") {
  const auto line = nlohmann::json::parse("{" + head_members("response", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nSet-Cookie: sid=1234567890\r\nX-Api-Key: abc\r\nX-Request-Id: r-1\r\n\r\n") + "}");
  CHECK(line["status"] == 429);
  CHECK(line["reason"] == "Too Many Requests");
  CHECK(line["fields"].dump() == R"([["Retry-After","3"],["Set-Cookie","[redacted]"],["X-Api-Key","[redacted]"],["X-Request-Id","r-1"]])");
}

TEST_CASE("entries stay in their order although the end of a read waits", "[observe]") {
  CaptureMaker maker;
  maker.head();
  maker.response();
  maker.read(std::string(1000, 'x'));
  maker.delivered_again(0, 1000);
  maker.hand_over();
  maker.read("end");
  maker.delivered_again(1000, 3);
  const Capture capture = maker.read_back();
  REQUIRE(capture.deliveries.size() == 2);
  CHECK(capture.delivered(true) == std::string(1000, 'x') + "end");
}

TEST_CASE("a capture whose last line is torn is read up to there, and other text is none", "[observe]") {
  CaptureMaker maker;
  maker.head();
  maker.read("abc");
  const std::string text = maker.text();
  const auto torn = read_capture(text + "{\"type\":\"tail\",\"comp");
  REQUIRE(torn);
  CHECK(torn->attempt()->body() == "abc");
  CHECK_FALSE(torn->record);
  CHECK_FALSE(torn->complete);
  for (const char* other : {"", "{}", "{}\n", "hello\n", "{\"type\":\"head\",\"format\":2}\n", "[1]\n"}) CHECK_FALSE(read_capture(other));
}

TEST_CASE("the tail brings the record with its verdict back", "[observe]") {
  CaptureMaker maker;
  maker.head();
  ExchangeRecord record = failed_record(Cause::upstream_reset);
  record.verdict.blame = Blame::network;
  record.verdict.advice = "Try again.";
  maker.tail(record);
  const Capture capture = maker.read_back();
  REQUIRE(capture.record);
  CHECK(capture.complete);
  CHECK(capture.record->verdict.blame == Blame::network);
  CHECK(capture.record->verdict.advice == "Try again.");
  CHECK(capture.record->id == record.id);
}
