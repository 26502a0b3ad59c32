// SPDX-License-Identifier: Apache-2.0
// Overwrites a secret before its memory is let go, in a way no optimiser takes out. Does not know what the secret is for.
#pragma once

#include <openssl/crypto.h>

#include <string>

namespace siltgate {

/// All that `text` has room for, then empty: what an earlier, longer value left behind goes too.
inline void cleanse(std::string& text) {
  OPENSSL_cleanse(text.data(), text.capacity());
  text.clear();
}

}  // namespace siltgate
