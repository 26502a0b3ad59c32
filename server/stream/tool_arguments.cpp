// SPDX-License-Identifier: Apache-2.0
#include "stream/tool_arguments.hpp"

#include <algorithm>
#include <functional>

namespace siltgate::stream {
namespace {

constexpr std::size_t most_open = 256;  // calls followed at once; further ones are not checked

}  // namespace

ToolArguments::Call* ToolArguments::find(int choice, int call) {
  for (Call& open : open_)
    if (open.choice == choice && open.number == call) return &open;
  return nullptr;
}

void ToolArguments::judge(Call& call, Faults& faults) {
  if (call.json.empty() || call.json.finish()) return;  // no arguments at all is how some providers write {}
  faults.push_back({Check::tool_arguments,
                    "the joined arguments of tool call " + std::to_string(call.number) + " are not JSON", 0, false, 0, {}});
}

void ToolArguments::begin(int choice, int call, std::string_view id) {
  const std::size_t hash = id.empty() ? 0 : std::hash<std::string_view>{}(id);
  Call* open = find(choice, call);
  if (open && (hash == 0 || open->id_hash == hash)) return;
  if (open && open->id_hash == 0) {
    open->id_hash = hash;
    return;
  }
  ++seen_;
  if (open) {
    judge(*open, waiting_);
    open->json = JsonCheck{};
    open->id_hash = hash;
  } else if (open_.size() < most_open) {
    open_.push_back({choice, call, hash, JsonCheck{}});
  }
}

void ToolArguments::write(int choice, int call, std::string_view piece) {
  if (Call* open = find(choice, call)) open->json.write(piece);
}

void ToolArguments::finish(int choice, Faults& faults) {
  faults.insert(faults.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  for (Call& call : open_)
    if (choice < 0 || call.choice == choice) judge(call, faults);
  std::erase_if(open_, [choice](const Call& call) { return choice < 0 || call.choice == choice; });
  if (open_.empty()) std::vector<Call>().swap(open_);
}

}  // namespace siltgate::stream
