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
