// SPDX-License-Identifier: Apache-2.0
// Start, drain, stop. A stop refuses new work, lets running exchanges finish within `drain`, then cuts them, and ends when no
// session is left.
#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <boost/asio/co_spawn.hpp>

#include "app/notify.hpp"
#include "app/process.hpp"
#include "app/state.hpp"
#include "base/units.hpp"
#include "flow/exchange.hpp"
#include "flow/session.hpp"
#include "observe/redact.hpp"

namespace siltgate::app {
namespace {

net::Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (!value) return {};
    return std::string(value);
  };
}

}  // namespace

App::State::State(settings::Settings s, Surroundings around)
    : surroundings(std::move(around)),
      log(s.log),
      turnstile(io.get_executor(), admission),
      pool(io.get_executor(), process_environment()),
      scratch(32 * 1024),
      services{io.get_executor(), nullptr, nullptr, turnstile, pool, repeat, scratch},
      feed(io.get_executor(), [this] { return describe(); },
           [this](const observe::ExchangeRecord& record) { return admin::follow_item(record, admin::Follow::sse, secrets); }),
      signals(io),
      housekeeping_timer(io),
      drain_timer(io) {
  // Users of other daemons send USR1 to have a log opened anew; siltgate's is its standard error, and no reason to end.
  for (int number : {SIGPIPE, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
  settings = std::move(s);
  wire();
}

std::optional<StartFailure> App::State::start() {
  remember();
  apply(settings);
  if (auto failed = open_entries()) return failed;
  join_group();
  return {};
}

int App::State::run() {
  if (surroundings.handle_signals) watch_signals();
  housekeeping();
  if (group)
    group->start();  // the doors open when it has joined, or when Redis has proved to be down
  else
    open_doors();
  io.run();
  if (group) {
    group->stop();
    io.restart();
    io.poll();  // lets its connection end
  }
  pool.close_all();
  unless_bug("the saving of what was learned", [this] { save_memory(); });
  services.captures.end();
  if (cut) log.warn("drain ran out: exchanges were cut");
  log.info("stopped");
  return cut ? 75 : 0;
}

void App::State::open_doors() {
  if (std::exchange(doors_open, true) || stopping) return;
  for (auto& entry : entries) entry->listener.accept();
  if (control) control->accept();
  notify_service("READY=1\n" + status_line());
}

void App::State::watch_signals() {
  ErrorCode ignored;
  for (int number : {SIGTERM, SIGINT, SIGHUP}) signals.add(number, ignored);
  signals.async_wait([this](const ErrorCode& error, int number) {
    if (error) return;
    number == SIGHUP ? reload() : stop();
    watch_signals();
  });
}

void App::State::housekeeping() {
  auto period = std::chrono::microseconds(std::chrono::seconds(15));
  if (auto watchdog = watchdog_period()) period = std::min(period, *watchdog);
  housekeeping_timer.expires_after(period);
  housekeeping_timer.async_wait([this](const ErrorCode& error) {
    if (error) return;
    notify_service("WATCHDOG=1\n" + status_line());
    unless_bug("the housekeeping", [this] { keep_house(); });
    housekeeping();
  });
}

/// A machine that was switched off in the middle of its answer says nothing; the permit would be out until the answer ends.
void App::State::miss_clients() {
  auto running = services.live;
  for (flow::Exchange* x : running)
    if (x->client.unheard_for(net::client_acknowledges_within)) x->client.lose();
}

void App::State::keep_house() {
  miss_clients();
  if (!control && !stopping) open_control();   // one that was draining held it when this one started
  pool.sweep(Clock::now());
  if (services.live.empty() && !std::exchange(memory_given_back, true)) {
    services.spare.clear();
    give_back_memory();
  }
  if (++beats % 4 == 0) services.captures.sweep();
  save_memory();
}

/// For chores that no exchange depends on: streams outlive a bug in them.
void App::State::unless_bug(const char* chore, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& e) {
    log.error("bug: " + std::string(chore) + " ended with an exception: " + e.what());
  }
}

void App::State::open_session(net::Connection connection, const std::string& local_address,
                              std::shared_ptr<const flow::Door> door, bool is_control) {
  flow::Entrance entrance;
  entrance.local_address = local_address;
  entrance.peer = connection.peer();
  ErrorCode ignored;
  entrance.peer_address = net::address_text(connection.socket().remote_endpoint(ignored));
  entrance.door = std::move(door);
  entrance.control_socket = is_control;
  ++(is_control ? control_sessions : sessions);
  auto session = flow::run_session(std::make_unique<flow::ClientLink>(std::move(connection), io.get_executor()), std::move(entrance), services);
  asio::co_spawn(io, std::move(session), [this, is_control](std::exception_ptr bug) {
    try {
      if (bug) std::rethrow_exception(bug);
    } catch (const std::exception& e) {
      log.error(std::string("bug: a session ended with an exception: ") + e.what());
    }
    session_ended(is_control);
  });
}

/// The connection that has rested longest between two requests goes: new work is worth more. One that has only just come may have
/// its request on the way; the listener asks again in a second. One at a time: saying goodbye takes a moment.
void App::State::make_room() {
  constexpr auto shortest_rest = std::chrono::milliseconds(900);
  constexpr auto goodbye = std::chrono::seconds(3);
  const TimePoint now = Clock::now();
  if (sessions < most_sessions || services.idle.empty() || now < room_due) return;
  const auto& longest = services.idle.front();
  if (now - longest.since < shortest_rest) return;
  longest.watch->set_deadline(now);
  room_due = now + goodbye;
}

void App::State::session_ended(bool is_control) {
  --(is_control ? control_sessions : sessions);
  memory_given_back = false;
  room_due = {};
  if (sessions < most_sessions)
    for (auto& entry : entries) entry->listener.go_on();
  finish_if_idle();
}

/// The control socket is served as long as the drain lasts. Then the caller of `stop` still reads its answer; followers and who
/// rests between two requests are let go.
void App::State::finish_if_idle() {
  if (!stopping || sessions > 0) return;
  services.over = true;
  if (control) control->close();
  let_followers_go(true);
  wake_resting();
  if (control_sessions == 0) io.stop();
}

void App::State::wake_resting() {
  auto resting = services.idle;
  for (const auto& session : resting)
    if (services.over || !session.control) session.watch->raise(net::Wake::stopped);
}

/// Exchanges that a drain waits for: no answer on the control socket, no follower.
std::size_t App::State::in_progress() const {
  return static_cast<std::size_t>(std::count_if(services.live.begin(), services.live.end(),
                                                [](const flow::Exchange* x) { return !x->following && !x->entrance.control_socket; }));
}

void App::State::let_followers_go(bool control_too) {
  auto running = services.live;
  for (flow::Exchange* x : running)
    if (x->following && (control_too || !x->entrance.control_socket)) x->client.watch().raise(net::Wake::stopped);
}

void App::State::stop() {
  if (stopping) {  // the second time: now
    auto running = services.live;
    for (flow::Exchange* x : running) {
      if (x->entrance.control_socket) continue;   // perhaps the answer to this very stop
      cut = cut || !x->following;
      x->client.watch().raise(net::Wake::stopped);
    }
    return;
  }
  stopping = true;
  services.draining = true;
  notify_service("STOPPING=1\nSTATUS=draining");
  log.info("draining: " + counted(in_progress(), "exchange") + " in progress");
  for (auto& entry : entries) entry->listener.close();
  wake_resting();
  let_followers_go(false);
  drain_timer.expires_after(settings.drain);
  drain_timer.async_wait([this](const ErrorCode& error) {
    if (!error && !services.live.empty()) stop();
  });
  finish_if_idle();
}

/// Why `next` cannot come into force without a restart, "" when it can: its listeners are then there already.
std::string App::State::cannot_become(const settings::Settings& next) {
  if (next.shared != settings.shared) return "\"shared\" was changed, which a reload cannot do; restart siltgate for it";
  auto failed = move_entries(next.listen);
  return failed ? failed->message : "";
}

void App::State::reload() {
  if (!surroundings.read_settings || stopping) return;
  notify_service("RELOADING=1");
  auto read = surroundings.read_settings();
  auto* next = std::get_if<settings::Settings>(&read);
  last_reload_error = observe::redact(next ? cannot_become(*next) : std::get<std::string>(read), secrets);
  if (last_reload_error.empty()) {
    apply(std::move(*next));
    open_control();
    log.info("reloaded");
  } else {
    log.error("reload refused, the old settings stay in force: " + last_reload_error);
  }
  notify_service("READY=1\n" + status_line());
}

/// What `systemctl status` shows.
std::string App::State::status_line() const {
  if (stopping) return "STATUS=draining, " + std::to_string(in_progress()) + " in progress";
  std::string out = "STATUS=" + std::to_string(admission.in_flight()) + " in flight, " + std::to_string(admission.waiting()) + " waiting, " + std::to_string(sessions) + " connections";
  if (!last_reload_error.empty()) out += "; the last reload was refused: siltgate status says why";
  return out;
}

}  // namespace siltgate::app
