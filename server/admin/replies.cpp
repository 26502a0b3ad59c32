// SPDX-License-Identifier: Apache-2.0
#include "admin/replies.hpp"

#include <fmt/format.h>

namespace siltgate::admin {

Reply text_reply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

Reply json_reply(int status, std::string body) {
  Reply reply = text_reply(status, std::move(body) + "\n");
  reply.content_type = "application/json";
  return reply;
}

Reply only(std::string_view methods) {
  Reply reply = text_reply(405, fmt::format("siltgate: this admin path takes {} only\n", methods));
  reply.fields.emplace_back("Allow", methods);
  return reply;
}

}  // namespace siltgate::admin
