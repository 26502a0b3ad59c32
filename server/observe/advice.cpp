// SPDX-License-Identifier: Apache-2.0
#include "observe/advice.hpp"

#include <array>
#include <charconv>
#include <compare>

namespace siltgate::observe {
namespace {

struct Row {
  std::string_view key;  // code or class
  std::string_view meaning, advice;
};

constexpr Row by_code[] = {
    {"1302", "too many requests of this key were in flight",
     "Lower the concurrency for this key: siltgate then queues what the provider does not take. Where it is 1 already, something else uses "
     "the key: another machine, another program, the provider's own site. Send it through this siltgate, too."},
    {"1303", "requests of this key came too often",
     "Set limits.requests_per_minute or limits.start_interval for this provider, and siltgate spaces requests out."},
    {"1305", "the provider's platform was overloaded", "Nothing on your side; try again later or use another model."},
    {"1312", "the model was overloaded", "Nothing on your side; try again later or use another model."},
    {"1308", "the plan's use for this window is spent",
     "Wait for the reset time the provider names (Beijing time), or use another plan or key."},
    {"1310", "the plan's weekly or monthly use is spent", "Wait for the reset the provider names, or use another plan or key."},
    {"1113", "the account has no balance left", "Top the account up, or check that the base URL is the one of your plan "
     "(coding plans have their own path)."},
    {"1309", "the coding plan has expired", "Renew the plan, or use another key."},
    {"1311", "the plan does not include this model", "Choose a model of your plan, or another plan."},
    {"1313", "the provider limits this account for its fair-use rules",
     "Ask the provider's support; use the client as it is, without changing its User-Agent."},
    {"1211", "the model does not exist", "Check the model's name in the client's configuration."},
    {"1261", "the prompt is longer than the model takes", "Compact the session or start a new one."},
    {"1301", "the provider's content policy refused the text", "Reword the request."},
    {"1234", "the provider had a network error inside", "Nothing on your side; try again."},
};

constexpr Row by_class[] = {
    {"concurrency", "too many requests were in flight",
     "Lower the concurrency for this key: siltgate then queues what the provider does not take. Where it is 1 already, something else uses "
     "the key: another machine, another program, the provider's own site. Send it through this siltgate, too."},
    {"rate", "requests came too often",
     "Set limits.requests_per_minute or limits.tokens_per_minute for this provider, and siltgate spaces requests out."},
    {"overloaded", "the provider was overloaded", "Nothing on your side; try again later or use another model."},
    {"transient", "the provider failed inside", "Nothing on your side; try again."},
    {"quota", "the use that was paid for is spent", "Wait for the reset the provider names, or use another plan or key."},
    {"account", "the provider refuses this account (balance, plan or lock)",
     "Look at the account on the provider's site; retrying does not help."},
    {"auth", "the provider does not accept the key", "Check the API key and that it belongs to this base URL."},
    {"request", "the provider rejects the request itself",
     "The body went through byte for byte: check the model's name and the parameters in the client."},
};

const Row* find(const Row* begin, const Row* end, std::string_view key) {
  for (const Row* row = begin; row != end; ++row)
    if (row->key == key) return row;
  return nullptr;
}

std::string_view class_of_status(int status) {
  if (status == 401 || status == 403) return "auth";
  if (status == 402) return "account";
  if (status == 429) return "rate";
  if (status == 503 || status == 529) return "overloaded";
  if (status >= 500) return "transient";
  return status >= 400 ? "request" : "";
}

using Version = std::array<int, 3>;

/// The version behind `product` ("runtime/bun/"), if the text names it with three numbers.
bool version_behind(std::string_view text, std::string_view product, Version& version) {
  const auto at = text.find(product);
  if (at == std::string_view::npos) return false;
  const char* from = text.data() + at + product.size();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < version.size(); ++i) {
    auto [next, error] = std::from_chars(from, end, version[i]);
    if (error != std::errc{}) return false;
    if (i + 1 < version.size() && (next == end || *next != '.')) return false;
    from = next + 1;
  }
  return true;
}

}  // namespace

Explained explain_refusal(std::string_view klass, std::string_view code, int status) {
  const Row* row = find(std::begin(by_code), std::end(by_code), code);
  if (!row) row = find(std::begin(by_class), std::end(by_class), klass);
  if (!row) row = find(std::begin(by_class), std::end(by_class), class_of_status(status));
  if (row) return {std::string(row->meaning), std::string(row->advice)};
  return {"the provider reports an error", "Read the provider's message; siltgate passed it on unchanged."};
}

bool replays_posts(std::string_view user_agent) {
  Version version{};
  if (version_behind(user_agent, "bun/", version) || version_behind(user_agent, "Bun/", version))
    return version < Version{1, 3, 14};
  return version_behind(user_agent, "opencode/", version) && version < Version{1, 15, 13};
}

std::string replay_advice() {
  return "Update opencode to 1.15.13 or later, or keep keep_alive at auto, so that siltgate closes the connection after each "
         "answer and this client has nothing to replay on.";
}

}  // namespace siltgate::observe
