// SPDX-License-Identifier: Apache-2.0
// Start, drain, stop. A stop refuses new work, lets running exchanges finish within `drain`, then cuts them, and ends when no
// session is left.
#include <csignal>
#include <cstdlib>

#include <boost/asio/co_spawn.hpp>

#include "app/notify.hpp"
#include "app/process.hpp"
#include "app/state.hpp"
#include "flow/exchange.hpp"
#include "flow/session.hpp"
#include "net/control_socket.hpp"

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
  std::signal(SIGPIPE, SIG_IGN);
  settings = std::move(s);
  wire();
}

std::optional<StartFailure> App::State::start() {
  remember();
  apply(settings);
  for (const auto& where : settings.listen) {
    auto accepted = [this, allow = where.allow](net::Connection connection, const std::string& local) {
      open_session(std::move(connection), local, allow, false);
    };
    auto room = [this] { return sessions < most_sessions; };
    auto crowded = [this] { make_room(); };
    Listener& listener = listeners.emplace_back(io.get_executor(), room, accepted, crowded);
    InheritedSocket* given = inherited_for(where);
    auto failed = given ? listener.adopt(where, given->descriptor) : listener.bind_tcp(where);
    if (given) given->taken = true;
    if (!failed) {
      log.info("listening on http://" + listener.name() + "/v1");
    } else if (where.wait && failed->exit_code == 69) {
      log.warn(failed->message + "; waiting for the address");
      listener.bind_when_possible(where, [this, &listener] {
        log.info("listening on http://" + listener.name() + "/v1");
        if (doors_open) listener.accept();
      });
    } else {
      return failed;
    }
  }
  if (auto failed = unlisted_socket()) return failed;
  if (surroundings.control_socket && !listeners.empty()) {
    auto accepted = [this](net::Connection connection, const std::string& local) {
      open_session(std::move(connection), local, {}, true);
    };
    control = std::make_unique<Listener>(io.get_executor(), [] { return true; }, accepted);
    std::string path = settings.control_socket.empty() ? net::control_path_for(listeners.front().port()) : settings.control_socket;
    if (auto failed = control->bind_control(path)) log.warn(failed->message + "; `siltgate log` and `why` will not find this instance");
  }
  join_group();
  return {};
}

InheritedSocket* App::State::inherited_for(const settings::Listen& where) {
  for (auto& each : surroundings.inherited)
    if (!each.taken && each.port == where.port && each.address == where.address) return &each;
  return nullptr;
}

/// A socket without a listen entry would serve peers that no `allow` speaks of.
std::optional<StartFailure> App::State::unlisted_socket() const {
  for (const auto& each : surroundings.inherited) {
    if (each.taken) continue;
    if (each.address.empty()) return StartFailure{78, "the service manager handed over a descriptor that is no listening TCP socket; siltgate.socket takes ListenStream=ADDRESS:PORT alone"};
    const std::string name = (each.address.find(':') == std::string::npos ? each.address : "[" + each.address + "]") + ":" + std::to_string(each.port);
    return StartFailure{78, "the service manager handed over a socket on " + name + ", which does not stand in \"listen\"; add \"" + name + "\" there, or change ListenStream= in siltgate.socket"};
  }
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
  save_memory();
  services.captures.end();
  if (cut) log.warn("drain ran out: exchanges were cut");
  log.info("stopped");
  return cut ? 75 : 0;
}

void App::State::open_doors() {
  if (std::exchange(doors_open, true) || stopping) return;
  for (auto& listener : listeners) listener.accept();
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
    pool.sweep(Clock::now());
    if (services.live.empty() && !std::exchange(memory_given_back, true)) {
      services.spare.clear();
      give_back_memory();
    }
    if (++beats % 4 == 0) services.captures.sweep();
    save_memory();
    housekeeping();
  });
}

void App::State::open_session(net::Connection connection, const std::string& local_address, std::vector<std::string> allow,
                              bool is_control) {
  flow::Entrance entrance;
  entrance.local_address = local_address;
  entrance.peer = connection.peer();
  ErrorCode ignored;
  entrance.peer_address = net::address_text(connection.socket().remote_endpoint(ignored));
  entrance.allow = std::move(allow);
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
    for (auto& listener : listeners) listener.go_on();
  finish_if_idle();
}

void App::State::finish_if_idle() {
  if (!stopping || sessions > 0) return;
  // Only the control socket may still be spoken to: the caller of `stop` reads its answer, followers are let go.
  let_followers_go(true);
  if (control_sessions == 0) io.stop();
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
      cut = cut || !x->following;
      x->client.watch().raise(net::Wake::stopped);
    }
    return;
  }
  stopping = true;
  services.draining = true;
  notify_service("STOPPING=1\nSTATUS=draining");
  log.info("draining: " + std::to_string(services.live.size()) + " exchanges in progress");
  for (auto& listener : listeners) listener.close();
  auto resting = services.idle;
  for (const auto& session : resting) session.watch->raise(net::Wake::stopped);
  let_followers_go(false);
  drain_timer.expires_after(settings.drain);
  drain_timer.async_wait([this](const ErrorCode& error) {
    if (!error && !services.live.empty()) stop();
  });
  finish_if_idle();
}

void App::State::reload() {
  if (!surroundings.read_settings || stopping) return;
  notify_service("RELOADING=1");
  auto read = surroundings.read_settings();
  if (auto* refused = std::get_if<std::string>(&read)) {
    last_reload_error = *refused;
    log.error("reload refused, the old settings stay in force: " + *refused);
  } else {
    last_reload_error.clear();
    apply(std::get<settings::Settings>(std::move(read)));
    log.info("reloaded");
  }
  notify_service("READY=1\n" + status_line());
}

/// What `systemctl status` shows.
std::string App::State::status_line() const {
  if (stopping) return "STATUS=draining, " + std::to_string(services.live.size()) + " in progress";
  std::string out = "STATUS=" + std::to_string(admission.in_flight()) + " in flight, " + std::to_string(admission.waiting()) + " waiting, " + std::to_string(sessions) + " connections";
  if (!last_reload_error.empty()) out += "; the last reload was refused: siltgate status says why";
  return out;
}

}  // namespace siltgate::app
