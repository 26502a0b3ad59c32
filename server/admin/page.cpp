// SPDX-License-Identifier: Apache-2.0
#include "admin/page.hpp"

#include "admin/replies.hpp"

namespace siltgate::admin {

std::string_view dashboard_text(std::string_view name);   // generated from admin/dashboard/

namespace {

constexpr std::string_view token_mark = "{{token}}";

// Nothing inline, nothing from elsewhere, no markup out of strings: trusted types make the browser refuse innerHTML and its kin.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

std::string with_token(std::string_view page, std::string_view token) {
  std::string out(page);
  if (const auto at = out.find(token_mark); at != std::string::npos) out.replace(at, token_mark.size(), token);
  return out;
}

}  // namespace

std::optional<Reply> page_file(std::string_view path, const View& view) {
  Reply reply;
  if (path.empty()) {
    reply = text_reply(200, with_token(dashboard_text("page"), view.token));
    reply.content_type = "text/html; charset=utf-8";
    reply.fields.emplace_back("Content-Security-Policy", policy);
    reply.fields.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    reply.fields.emplace_back("X-Frame-Options", "DENY");
  } else if (path == "style.css") {
    reply = text_reply(200, std::string(dashboard_text("style")));
    reply.content_type = "text/css; charset=utf-8";
  } else {
    constexpr std::string_view script = ".js";
    const std::string_view text = path.ends_with(script) ? dashboard_text(path.substr(0, path.size() - script.size())) : std::string_view();
    if (text.empty() || path == "page.js" || path == "style.js") return {};
    reply = text_reply(200, std::string(text));
    reply.content_type = "text/javascript; charset=utf-8";
  }
  reply.fields.emplace_back("Referrer-Policy", "same-origin");
  reply.fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  return reply;
}

}  // namespace siltgate::admin
