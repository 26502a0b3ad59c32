// SPDX-License-Identifier: Apache-2.0
// What `siltgate export` makes of a capture, for other programs and for tickets. Pure; nothing in a capture is secret, so
// nothing is taken out here but what may steer a terminal.
#pragma once

#include <string>

#include "observe/capture_reader.hpp"

namespace siltgate::observe {

/// HAR 1.2, one entry for each attempt, as the provider was spoken to. Bodies that are no UTF-8 are base64.
std::string export_har(const Capture& capture);
/// A command for sh that asks the provider the same again; the key is to be put into $API_KEY.
std::string export_curl(const Capture& capture);
/// One Markdown page: verdict, evidence, heads, bytes around the fault, versions. No text of the exchange beyond those bytes.
std::string export_bundle(const Capture& capture);

}  // namespace siltgate::observe
