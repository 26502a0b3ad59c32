// SPDX-License-Identifier: Apache-2.0
#include "flow/session.hpp"

#include "flow/exchange.hpp"

namespace siltgate::flow {
namespace {

/// Between an error event in a stream and the cut behind it.
constexpr std::chrono::milliseconds time_to_read{500};

/// The start of a next request, or false when the client leaves or rests too long.
Task<bool> next_request_begins(ClientLink& client, Services& services) {
  if (!client.input().empty()) co_return true;
  client.watch().set_deadline_in(services.config->http.idle_time);
  auto more = co_await client.read_more(Phase::read_request);
  co_return more.has_value();
}

/// Reads what still comes, until the client leaves or `moment` is over.
Task<void> listen_on(ClientLink& client, Duration moment) {
  client.watch().set_deadline_in(moment);
  for (std::size_t read = 0; read < 1'000'000;) {
    client.input().clear();
    auto more = co_await client.read_more(Phase::read_request);
    if (!more) break;
    read += client.input().size();
  }
}

/// Half-closes and reads what still comes for a moment: a close with unread input would be a reset, and a reset can
/// destroy the response on its way (RFC 9112, section 9.6).
Task<void> say_goodbye(ClientLink& client) {
  ErrorCode ignored;
  client.connection().socket().shutdown(net::Socket::shutdown_send, ignored);
  co_await listen_on(client, std::chrono::seconds(1));
  client.connection().close();
}

}  // namespace

Task<void> run_session(std::unique_ptr<ClientLink> link, Entrance entrance, Services& services) {
  ClientLink& client = *link;
  bool used = false;
  const bool& over = entrance.control_socket ? services.over : services.draining;
  for (bool go_on = true; go_on && !over && !entrance.door->closed;) {
    auto resting = services.idle.insert(services.idle.end(), AtRest{&client.watch(), entrance.door.get(), entrance.control_socket, Clock::now()});
    bool begins = co_await next_request_begins(client, services);
    services.idle.erase(resting);
    if (!begins) break;
    Exchange x(services, client, entrance);
    x.record.client_reused = std::exchange(used, true);
    co_await handle_exchange(x);
    // A client that finds the end together with the error event tells its user of the broken connection and not what the event
    // says (opencode 1.18): docs/decisions/0130.
    if (x.told) co_await listen_on(client, time_to_read);
    if (x.cut_off) co_return client.connection().reset();
    go_on = !x.must_close && client.watch().raised() == net::Wake::none;
  }
  co_await say_goodbye(client);
}

}  // namespace siltgate::flow
