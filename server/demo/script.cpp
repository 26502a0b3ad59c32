// SPDX-License-Identifier: Apache-2.0
#include "demo/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "demo/events.hpp"

namespace siltgate::demo {
namespace {

using Json = nlohmann::ordered_json;

struct NamedFault {
  std::string_view name;
  Fault fault;
};

constexpr NamedFault models[] = {
    {"demo/echo", Fault::none},       {"demo/slow", Fault::slow},
    {"demo/splice", Fault::splice},   {"demo/torn-utf8", Fault::torn_utf8},
    {"demo/truncate", Fault::truncate}, {"demo/cut", Fault::cut},
    {"demo/stall", Fault::stall},     {"demo/html", Fault::html},
    {"demo/garble", Fault::garble},   {"demo/429", Fault::refuse},
    {"demo/sensitive", Fault::sensitive}, {"demo/json", Fault::json},
    {"demo/error", Fault::error},
};

constexpr std::string_view json_type = "application/json; charset=UTF-8";
constexpr std::string_view stream_type = "text/event-stream;charset=UTF-8";
constexpr std::string_view page =
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>demo</center></body></html>\n";

constexpr std::string_view thoughts =
    "The user is trying out siltgate. I shall repeat the last message and say hello in a few scripts.";
constexpr std::string_view greeting =
    " This answer was streamed by the demo provider inside siltgate, one event after the other, and every event was"
    " checked before it was passed on. Grüße aus Köln – こんにちは 世界 – привет, мир – 你好，世界 – 🌊 Ask for the"
    " model demo/splice, demo/torn-utf8 or demo/stall to see what siltgate does with a damaged stream.";

std::string bounded(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
  return text + "…";
}

/// A message's content: a string, or the texts of its parts.
std::string text_of(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string out;
  if (!content.is_array()) return out;
  for (const Json& part : content)
    if (part.is_object() && part.contains("text") && part["text"].is_string()) out += part["text"].get<std::string>();
  return out;
}

std::string last_user_text(const Json& request) {
  for (const char* member : {"messages", "input"}) {
    auto list = request.find(member);
    if (list == request.end()) continue;
    if (list->is_string()) return list->get<std::string>();
    if (!list->is_array()) continue;
    for (auto message = list->rbegin(); message != list->rend(); ++message)
      if (message->is_object() && message->value("role", Json()) == "user" && message->contains("content"))
        return text_of((*message)["content"]);
  }
  return {};
}

/// Cut before each space, so that every piece is a word with the space before it.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto end = text.find(' ', 1);
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end, text.size()));
  }
  return out;
}

std::vector<std::string> degenerate_words() {
  std::vector<std::string> out = words_of("I will now look at the file and then");
  for (int i = 0; i < 40; ++i) out.emplace_back(" look at the file and then look at the file and then");
  for (int i = 0; i < 8; ++i) out.emplace_back(64, '0');
  return out;
}

Answer make_answer(const Ask& ask, const Stamp& stamp, Fault fault) {
  Answer answer;
  answer.id = fmt::format("demo{:016x}", stamp.number);
  answer.created = stamp.created;
  answer.model = ask.model;
  answer.thoughts = words_of(thoughts);
  const std::string said = ask.prompt.empty() ? "Hello." : "You said: “" + ask.prompt + "”.";
  answer.words = fault == Fault::garble ? degenerate_words() : words_of(said + std::string(greeting));
  if (fault == Fault::sensitive) answer.finish = "sensitive";
  answer.prompt_tokens = static_cast<int>(ask.prompt.size() / 4 + 1);
  return answer;
}

/// A second response begins in the middle of a string of the first, as a client's replay makes it.
std::vector<std::string> spliced(std::vector<std::string> first, const std::vector<std::string>& second) {
  const std::size_t middle = first.size() / 2;
  first.resize(middle + 1);
  std::string& open = first.back();
  open.resize(open.rfind('"', open.rfind("}")));   // inside the last string of the event, or right at its end
  first.back() += second.front();
  first.insert(first.end(), second.begin() + 1, second.end());
  return first;
}

/// The second byte of the first long character behind the middle is lost.
void tear(std::vector<std::string>& pieces) {
  for (std::size_t i = pieces.size() / 2; i < pieces.size(); ++i) {
    auto lead = std::find_if(pieces[i].begin(), pieces[i].end(), [](unsigned char c) { return c >= 0xC2; });
    if (lead == pieces[i].end()) continue;
    pieces[i].erase(lead + 1);
    return;
  }
}

void halve(std::vector<std::string>& pieces, Reply::End end, Reply& reply) {
  pieces.resize(pieces.size() / 2);
  reply.end = end;
  if (end == Reply::End::cut) pieces.back().resize(pieces.back().size() / 2);
}

std::string in_stream_error(Dialect dialect) {
  if (dialect == Dialect::anthropic_messages)
    return "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"[1234][Network"
           " error, error id: demo, please contact customer service]\"}}\n\n";
  return "data: {\"error\":{\"code\":\"1234\",\"message\":\"Network error, error id: demo, please contact customer"
         " service\"}}\n\n";
}

Reply plain(int status, std::string_view type, std::string body) {
  Reply reply;
  reply.status = status;
  reply.content_type = type;
  reply.pieces.push_back(std::move(body));
  return reply;
}

void damage(Reply& reply, Fault fault, Dialect dialect, const Ask& ask, const Stamp& stamp) {
  auto& pieces = reply.pieces;
  switch (fault) {
    case Fault::splice: {
      const Stamp later{stamp.number | (1ull << 63), stamp.created};
      pieces = spliced(std::move(pieces), stream_events(dialect, make_answer(ask, later, fault)));
      break;
    }
    case Fault::torn_utf8: tear(pieces); break;
    case Fault::truncate: pieces.resize(pieces.size() - ending_events(dialect)); break;
    case Fault::cut: halve(pieces, Reply::End::cut, reply); break;
    case Fault::stall: halve(pieces, Reply::End::silence, reply); break;
    case Fault::error:
      halve(pieces, Reply::End::clean, reply);
      pieces.push_back(in_stream_error(dialect));
      break;
    default: break;
  }
}

}  // namespace

Fault fault_of(std::string_view model) {
  for (const NamedFault& named : models)
    if (named.name == model) return named.fault;
  return model.substr(0, 5) == "demo/" ? Fault::unknown : Fault::none;
}

std::vector<std::string_view> model_names() {
  std::vector<std::string_view> out;
  for (const NamedFault& named : models) out.push_back(named.name);
  return out;
}

Ask read_ask(std::string_view body) {
  Ask ask;
  const Json request = Json::parse(body, nullptr, false);
  if (!request.is_object()) return ask;
  if (auto model = request.find("model"); model != request.end() && model->is_string())
    ask.model = bounded(model->get<std::string>(), 100);
  if (auto stream = request.find("stream"); stream != request.end()) ask.stream = *stream == true;
  if (auto pace = request.find("demo_pace_ms"); pace != request.end() && pace->is_number_unsigned())
    ask.pace = std::chrono::milliseconds(std::min<std::uint64_t>(pace->get<std::uint64_t>(), 10'000));
  ask.prompt = bounded(last_user_text(request), 200);
  return ask;
}

namespace {

Reply sound_or_not(Dialect dialect, const Ask& ask, const Stamp& stamp) {
  const Fault fault = fault_of(ask.model);
  if (fault == Fault::refuse) return make_refusal();
  if (fault == Fault::html) return plain(200, "text/html", std::string(page));
  if (fault == Fault::unknown)
    return plain(400, json_type,
                 R"({"error":{"code":"1211","message":"Unknown Model, please check the model code."}})");
  const Answer answer = make_answer(ask, stamp, fault);
  if (!ask.stream || fault == Fault::json) return plain(200, json_type, whole_body(dialect, answer));
  Reply reply;
  reply.content_type = stream_type;
  reply.streamed = true;
  reply.slowness = fault == Fault::slow ? 10 : 1;
  reply.pieces = stream_events(dialect, answer);
  damage(reply, fault, dialect, ask, stamp);
  return reply;
}

}  // namespace

Reply make_reply(Dialect dialect, const Ask& ask, const Stamp& stamp) {
  Reply reply = sound_or_not(dialect, ask, stamp);
  reply.pace = ask.pace;
  return reply;
}

Reply make_refusal() {
  return plain(429, json_type,
               R"({"error":{"code":"1302","message":"High concurrency usage of this API, please reduce concurrency or )"
               R"(contact customer service to increase limits"}})");
}

Reply make_model_list(const Stamp& stamp) {
  Json list = Json::array();
  for (std::string_view name : model_names())
    list.push_back({{"id", name}, {"object", "model"}, {"created", stamp.created}, {"owned_by", "siltgate"}});
  return plain(200, json_type, Json{{"object", "list"}, {"data", list}}.dump());
}

Reply make_wrong_path() { return plain(200, json_type, R"({"code":500,"msg":"404 NOT_FOUND","success":false})"); }

}  // namespace siltgate::demo
