// SPDX-License-Identifier: Apache-2.0
// The exact bytes of streamed chats, and of chunked bodies with chosen borders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace siltgate::test {

/// One chat.completion.chunk event with this content, its empty line included.
std::string chat_event(std::string_view content, std::string_view id = "chatcmpl-1");
/// The event with finish_reason and usage.
std::string chat_finish(std::string_view reason = "stop", std::string_view id = "chatcmpl-1");
inline constexpr std::string_view chat_done = "data: [DONE]\n\n";

/// A whole stream, event by event: one per piece, the finish, [DONE].
std::vector<std::string> chat_events(const std::vector<std::string>& pieces, std::string_view id = "chatcmpl-1");
/// The same as one text.
std::string sse_chat(const std::vector<std::string>& pieces, std::string_view id = "chatcmpl-1");

std::string joined(const std::vector<std::string>& parts);
/// `text` cut at these offsets.
std::vector<std::string> cut_at(std::string_view text, const std::vector<std::size_t>& offsets);

/// One chunk of the chunked coding.
std::string chunk(std::string_view data);
/// A complete chunked body with these chunks; `end` false leaves the last chunk out.
std::string chunked(const std::vector<std::string>& parts, bool end = true);

/// A whole Anthropic message stream with this text, event by event.
std::vector<std::string> message_events(std::string_view text);

/// At least `size` bytes of text that no check of the text minds: numbered sentences in which the words change too.
std::string healthy_text(std::size_t size);

/// Z.AI's refusal body for too many requests in flight.
inline constexpr std::string_view refusal_1302 =
    R"({"error":{"code":"1302","message":"High concurrency usage of this API, please reduce concurrency or contact customer service to increase limits"}})";

/// The body of a chat completion request.
std::string chat_request(std::string_view text = "Say hi", std::string_view model = "glm-4.6", bool stream = true);

}  // namespace siltgate::test
