// SPDX-License-Identifier: Apache-2.0
#include "flow/relay.hpp"
#include "stream/stream_checker.hpp"

namespace siltgate::flow {
namespace {

/// Text of another kind, such as a page. An answer is an object.
bool is_something_else(std::string_view body) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && body[start] != '{' && body[start] != '[';
}

/// A page in place of an answer is that before it is broken JSON, and is one also where broken JSON may pass.
void look_at_type(const Exchange& x, std::string_view body, const std::string& type, std::vector<Finding>& findings, bool& sound) {
  const Action action = x.validate[Check::content_type];
  const bool page = sound ? is_something_else(body) : !type.ends_with("json");
  if (!page || action == Action::pass) return;
  Finding finding;
  finding.check = Check::content_type;
  finding.action = !sound || action == Action::reject ? Action::reject : Action::flag;
  finding.reason = "JSON was due, the answer is " + (type.empty() ? std::string("without Content-Type") : type);
  if (type.ends_with("json")) finding.reason += " by its name alone";
  finding.excerpt = body.substr(0, 64);
  sound = sound && finding.action == Action::flag;
  findings.push_back(std::move(finding));
}

}  // namespace

Task<Result<void>> relay_whole(Exchange& x, BodySource source, http::ResponseHead head, std::string type) {
  auto body = co_await source.all(x.config->http.response_body);
  if (!body) co_return body.error();
  auto lookup = [&head](std::string_view name) { return head.fields.find(name); };
  x.refusal = schedule::classify(x.provider->profile, head.status, *body, lookup, std::chrono::system_clock::now());
  if (x.refusal.klass != schedule::RefusalClass::none) {  // 200 with an error inside
    x.attempt().refusal = std::string(schedule::to_string(x.refusal.klass));
    x.attempt().code = x.refusal.code;
    Failure failure{Phase::relay_body, Party::provider, Cause::provider_error, Retry::never, {}, ""};
    failure.detail = "HTTP " + std::to_string(head.status) + " with an error inside, code " + x.refusal.code + ": " + x.refusal.message;
    x.held = std::make_unique<HeldResponse>(HeldResponse{std::move(head), std::move(*body)});
    co_return failure;
  }
  std::vector<Finding> findings;
  stream::Usage usage;
  bool sound = stream::check_json_body(*body, x.record.dialect, x.config->validate, findings, usage);
  look_at_type(x, *body, type, findings, sound);
  note_findings(x, findings);
  if (!sound) {
    const Finding& named = *rejecting(findings);
    Failure failure{Phase::relay_body, Party::provider, Cause::damaged, Retry::safe, {}, ""};
    failure.detail = "the answer (" + std::to_string(body->size()) + " bytes" + (type.empty() ? "" : ", " + type) + ") failed the check " +
                     std::string(to_string(named.check)) + ": " + named.reason;
    co_return failure;
  }
  count_tokens(x, usage);
  auto sent = co_await deliver_whole(x, std::move(head), std::move(*body));
  co_return sent;
}

}  // namespace siltgate::flow
