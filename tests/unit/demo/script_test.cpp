// SPDX-License-Identifier: Apache-2.0
#include "demo/script.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::demo;
using Json = nlohmann::json;

namespace {

constexpr Dialect dialects[] = {Dialect::openai_chat, Dialect::anthropic_messages, Dialect::openai_responses};

Reply stream(Dialect dialect, const std::string& model, const std::string& prompt = "Hi") {
  Ask ask;
  ask.model = model;
  ask.prompt = prompt;
  ask.stream = true;
  return make_reply(dialect, ask, {7, 1764000000});
}

std::string whole(const Reply& reply) {
  return std::accumulate(reply.pieces.begin(), reply.pieces.end(), std::string{});
}

/// The JSON of an event's data line; discarded when it is none.
Json data_of(const std::string& piece) {
  const auto at = piece.find("data: ");
  if (at == std::string::npos) return Json(Json::value_t::discarded);
  return Json::parse(piece.substr(at + 6), nullptr, false);
}

bool all_events_sound(const Reply& reply) {
  for (const std::string& piece : reply.pieces)
    if (piece != "data: [DONE]\n\n" && (!piece.ends_with("\n\n") || data_of(piece).is_discarded())) return false;
  return true;
}

}  // namespace

TEST_CASE("a healthy stream is sound in every dialect and repeats the prompt", "[demo]") {
  for (Dialect dialect : dialects) {
    const Reply reply = stream(dialect, "demo/echo", "grüß mich");
    CHECK(reply.status == 200);
    CHECK(reply.streamed);
    CHECK(reply.end == Reply::End::clean);
    CHECK(all_events_sound(reply));
    CHECK(whole(reply).find("grüß") != std::string::npos);
  }
}

TEST_CASE("a chat stream speaks as Z.AI does", "[demo]") {
  const Reply reply = stream(Dialect::openai_chat, "glm-4.6");
  REQUIRE(reply.pieces.back() == "data: [DONE]\n\n");
  bool content_began = false;
  for (std::size_t i = 0; i + 1 < reply.pieces.size(); ++i) {
    const Json choice = data_of(reply.pieces[i])["choices"][0];
    CHECK(choice["delta"]["role"] == "assistant");
    const bool last = i + 2 == reply.pieces.size();
    CHECK(choice.contains("finish_reason") == last);
    CHECK(data_of(reply.pieces[i]).contains("usage") == last);
    content_began = content_began || choice["delta"].contains("content");
    CHECK(choice["delta"].contains("reasoning_content") != content_began);
  }
}

TEST_CASE("every fault damages a stream in its own way in every dialect", "[demo]") {
  for (Dialect dialect : dialects) {
    const std::size_t sound = stream(dialect, "demo/echo").pieces.size();
    CHECK_FALSE(all_events_sound(stream(dialect, "demo/splice")));
    CHECK_FALSE(all_events_sound(stream(dialect, "demo/torn-utf8")));
    CHECK(stream(dialect, "demo/truncate").pieces.size() < sound);
    CHECK(stream(dialect, "demo/truncate").end == Reply::End::clean);
    CHECK(stream(dialect, "demo/cut").end == Reply::End::cut);
    CHECK_FALSE(stream(dialect, "demo/cut").pieces.back().ends_with("\n\n"));
    CHECK(stream(dialect, "demo/stall").end == Reply::End::silence);
    CHECK(all_events_sound(stream(dialect, "demo/stall")));
    CHECK(whole(stream(dialect, "demo/error")).find("1234") != std::string::npos);
    CHECK(stream(dialect, "demo/html").content_type == "text/html");
    CHECK_FALSE(stream(dialect, "demo/json").streamed);
    CHECK(stream(dialect, "demo/429").status == 429);
    CHECK(stream(dialect, "demo/nonsense").status == 400);
    CHECK(stream(dialect, "demo/slow").slowness > 1);
    CHECK(all_events_sound(stream(dialect, "demo/garble")));
  }
}

TEST_CASE("a splice puts a second response inside an open string", "[demo]") {
  const Reply reply = stream(Dialect::openai_chat, "demo/splice");
  std::size_t broken = 0;
  while (!data_of(reply.pieces[broken]).is_discarded()) ++broken;
  const std::string& piece = reply.pieces[broken];
  const auto second = piece.find("data: ", 6);
  REQUIRE(second != std::string::npos);
  CHECK(piece.substr(0, second).rfind("\"content\":\"") != std::string::npos);
  CHECK(data_of(piece.substr(second))["id"] != data_of(reply.pieces[0])["id"]);
}

TEST_CASE("the refusal is Z.AI's own, word for word", "[demo]") {
  const Reply reply = make_refusal();
  CHECK(reply.status == 429);
  CHECK(whole(reply) == "{\"error\":{\"code\":\"1302\",\"message\":\"High concurrency usage of this API, please reduce "
                        "concurrency or contact customer service to increase limits\"}}");
}

TEST_CASE("a request says its model, whether it streams and what was said last", "[demo]") {
  const Ask chat = read_ask(R"({"model":"m","stream":true,"demo_pace_ms":3,"messages":[{"role":"user","content":"first"},
      {"role":"assistant","content":"no"},{"role":"user","content":[{"type":"text","text":"second"}]}]})");
  CHECK(chat.model == "m");
  CHECK(chat.stream);
  CHECK(chat.prompt == "second");
  CHECK(chat.pace == std::chrono::milliseconds(3));
  CHECK(read_ask(R"({"model":"m","input":"said"})").prompt == "said");
  CHECK_FALSE(read_ask("not JSON").stream);
  CHECK(read_ask("[1,2]").model == "demo");
}

TEST_CASE("a long prompt is cut between two characters", "[demo]") {
  for (std::size_t before = 0; before < 4; ++before) {
    std::string long_text(before, 'a');
    for (int i = 0; i < 100; ++i) long_text += "世";
    const Ask ask = read_ask(Json{{"input", long_text}}.dump());
    CHECK(ask.prompt.size() <= 203);
    CHECK_NOTHROW(Json(ask.prompt).dump());
  }
}

TEST_CASE("the model list names every fault", "[demo]") {
  const Json list = Json::parse(whole(make_model_list({1, 2})));
  CHECK(list["data"].size() == model_names().size());
  for (const Json& model : list["data"]) CHECK(fault_of(model["id"].get<std::string>()) != Fault::unknown);
}
