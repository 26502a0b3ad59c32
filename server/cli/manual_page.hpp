// SPDX-License-Identifier: Apache-2.0
// docs/man/siltgate.1. Pure.
#pragma once

#include <string>

namespace siltgate::cli {

std::string manual_page_text();

}  // namespace siltgate::cli
