// SPDX-License-Identifier: Apache-2.0
#include "flow/config.hpp"

namespace siltgate::flow {

Config::~Config() {
  for (auto& [name, token] : client_tokens) cleanse(token);
}

const Provider* Config::find_provider(std::string_view name) const {
  for (const Provider& provider : providers)
    if (provider.name == name) return &provider;
  return nullptr;
}

}  // namespace siltgate::flow
