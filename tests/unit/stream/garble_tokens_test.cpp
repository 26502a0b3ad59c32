// SPDX-License-Identifier: Apache-2.0
// Leaked control tokens and tool markup, and texts that talk about them.
#include "support/catch.hpp"
#include "unit/stream/garble_texts.hpp"

using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

Certain tokens(std::string_view text, GarbleLane::Text kind = GarbleLane::Text::content) {
  return sign(Signal::tokens, text, kind);
}

}  // namespace

TEST_CASE("the same control token again and again with no words between is certain", "[stream][garble]") {
  for (const char* token : {"</arg_value>", "</think>", "</tool_call>", "<|im_end|>", "<|assistant|>", "<|endoftext|>", "[/INST]",
                            "</s>", "<|tool_call_end|>", "<｜end▁of▁sentence｜>", "<0x0A>", "<unk>"}) {
    INFO(token);
    CHECK(tokens("0.0.1 " + times(std::string(token) + "\n0.0.1 ", 6)) == Certain::yes);
    CHECK(tokens(times(token, 6)) == Certain::yes);
    CHECK(tokens("`" + std::string(token) + "`, \"" + token + "\" and '" + token + "' are tokens, and `" + token + "` too.") ==
          Certain::no);
  }
}

TEST_CASE("a single leak is doubtful", "[stream][garble]") {
  CHECK(tokens("The fix is in place and all tests pass.<|im_end|>") == Certain::doubtful);
  CHECK(tokens("The fix is in place.\n<|endoftext|>\n") == Certain::doubtful);
  CHECK(tokens("The fix is in place.\n<|assistant|>\nLet me look at the next file.") == Certain::doubtful);
  CHECK(tokens("The fix is in place.<|im_end|>\n<|im_start|>assistant\nLet me look.") == Certain::doubtful);
  CHECK(tokens("I read it.\n<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>/x</arg_value>\n</tool_call>") == Certain::doubtful);
  CHECK(tokens("So it is 45.\n</think>\n\nThe answer is 45.") == Certain::doubtful);
  CHECK(tokens("I read src/main.ts</arg_value> now.") == Certain::doubtful);
  CHECK(tokens("{\"path\": \"src/main.ts</arg_value>\"}", GarbleLane::Text::arguments) == Certain::doubtful);
}

TEST_CASE("the token that ends reasoning may stand in reasoning", "[stream][garble]") {
  CHECK(tokens("So it is 45.\n</think>\n", GarbleLane::Text::reasoning) == Certain::no);
  CHECK(tokens("So it is 45.</think>", GarbleLane::Text::reasoning) == Certain::no);
}

TEST_CASE("backticks around a letter do not end a block, in tool arguments no more than elsewhere", "[stream][garble]") {
  const std::string text = "```\n``m`" + times("<|assistant|>", 3);
  CHECK(sign(Signal::tokens, text) == Certain::no);
  CHECK(sign(Signal::tokens, text, GarbleLane::Text::arguments) == Certain::no);
}

TEST_CASE("text about tokens is not judged", "[stream][garble]") {
  CHECK(tokens("ChatML uses `<|im_start|>` and `<|im_end|>`.\n\n```\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
               "Hi<|im_end|>\n```\n\nGLM writes `<tool_call>name` and `<arg_key>k</arg_key>`.<|im_end|>") == Certain::no);
  CHECK(tokens("ChatML uses <|im_start|> and <|im_end|> to delimit turns. The model ends its reasoning with </think> and then "
               "the answer follows. If </think> is missing the parser waits for </think> forever. Llama 2 has [INST] and "
               "[/INST] instead, and ends with </s> each time.") == Certain::no);
  CHECK(tokens("The template is as follows:\n\n<|im_start|>system\nBe kind<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
               "<|im_start|>assistant\n") == Certain::no);
  CHECK(tokens("Special tokens:\n- <|im_start|>\n- <|im_end|>\n- <|endoftext|>\n- <tool_call>\n- </tool_call>\n") == Certain::no);
  CHECK(tokens("| token | id |\n|---|---|\n| <|im_end|> | 151645 |\n| <|endoftext|> | 151643 |\n| </think> | 151668 |\n") ==
        Certain::no);
  CHECK(tokens("text = text.split(\"</think>\")[-1]\nif \"<|im_end|>\" in text:\n    text = text.replace(\"<|im_end|>\", \"\")\n") ==
        Certain::no);
  const std::string file = "{\"content\": \"s.split(\\\"</arg_value>\\\")\\nx = '<tool_call>' + y + '</tool_call>'\"}";
  CHECK(tokens(file, GarbleLane::Text::arguments) == Certain::no);
}

TEST_CASE("a pair of tokens is how some providers send thoughts and boxes", "[stream][garble]") {
  CHECK(tokens("<think>\nLet me think.\n</think>\n\nIt is <|begin_of_box|>45<|end_of_box|>") == Certain::no);
  CHECK(tokens("<think><think>\n\nOkayOkay\n</think></think>\n\nCrossCross") == Certain::no);
}

TEST_CASE("turns, headers and tool calls of other templates that leak are doubtful", "[stream][garble]") {
  const char* const leaks[] = {
      "<|channel|>analysis<|message|>We need to answer the user.<|end|><|start|>assistant<|channel|>final<|message|>Hi there.",
      "We need to answer.<|end|><|start|>assistant<|channel|>final<|message|>Hi there",
      "We need to answer.<|end|><|start|>assistant<|message|>Hi there",
      "I'll read the file.\n<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{\"path\":\"a.c\"}"
      "<|tool_call_end|><|tool_calls_section_end|>",
      "I'll read the file.<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_end|><|tool_calls_section_end|> Then.",
      "I'll read the file.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
      "I'll read the file.\n<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": \"a.c\"}}\n</tool_call>",
      "<tool_call>{\"name\": \"read\"}</tool_call>",
      "Hi.<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHi again.",
      "Hello there.<|user|>\nNow do X please.<|assistant|>\nDoing X now.",
      "你好。<｜User｜>现在做什么？<｜Assistant｜>好的。",
  };
  for (const char* leak : leaks) {
    INFO(leak);
    CHECK(tokens(leak) == Certain::doubtful);
    CHECK(tokens(leak, GarbleLane::Text::arguments) == Certain::no);
    CHECK(tokens("```\n" + std::string(leak) + "\n```\n") == Certain::no);
    CHECK(tokens("The format is:\n\n" + std::string(leak).substr(std::string(leak).find('<'))) == Certain::no);
    for (std::size_t piece : {1, 3, 8})
      CHECK(signs_of(leak, GarbleLane::Text::content, piece).size() == signs_of(leak).size());
  }
  CHECK(tokens(times("<|channel|>", 4)) == Certain::yes);
}

TEST_CASE("text about other templates is not judged", "[stream][garble]") {
  CHECK(tokens("Harmony writes `<|start|>assistant<|channel|>final<|message|>Hi<|end|>` and ends with <|return|> or <|call|> instead.") == Certain::no);
  CHECK(tokens("Between turns the model emits <|end|><|start|>assistant<|channel|>final<|message|>Hi and then stops.") == Certain::no);
  CHECK(tokens("Roles are <|user|>,<|assistant|>\nand <|system|>/<|observation|>\nin GLM (<|user|>\nbegins one).") == Certain::no);
  CHECK(tokens("A header looks like this: <|start_header_id|>user<|end_header_id|>\n\nand the text ends with <|eot_id|> as well.") == Certain::no);
  CHECK(tokens("Kimi tokens:\n- <|tool_calls_section_begin|>\n- <|tool_call_begin|>\n- <|tool_call_end|>\n- <|tool_calls_section_end|>\n") == Certain::no);
  CHECK(tokens("DeepSeek opens calls with <｜tool▁calls▁begin｜><｜tool▁call▁begin｜> and closes them with <｜tool▁call▁end｜><｜tool▁calls▁end｜> again.") == Certain::no);
  CHECK(tokens("Hermes and Qwen answer with <tool_call>{\"name\": \"f\"}</tool_call> in the text.") == Certain::no);
  CHECK(tokens("<tool_call> and </tool_call> are the tags around {\"name\": \"f\"}.") == Certain::no);
  CHECK(tokens("prompt = f\"{system}<|user|>\\n{text}\\n<|im_start|>assistant\\n\" as {a}<|user|>\nand {b}<|assistant|>\nas it is.") == Certain::no);
  CHECK(tokens("A prompt = \"<|user|>\\n\" + q + \"<|assistant|>\\n\" is what it wants.<|user|>\nYes") == Certain::no);
}
