// SPDX-License-Identifier: Apache-2.0
// Everything an App owns, in the order in which it must die. The functions are its parts, one file each.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <array>
#include <list>

#include "admin/commands.hpp"
#include "app/app.hpp"
#include "app/listener.hpp"
#include "app/live_feed.hpp"
#include "demo/demo.hpp"
#include "flow/services.hpp"
#include "observe/exchange_metrics.hpp"
#include "observe/history.hpp"
#include "observe/key_stats.hpp"
#include "observe/log.hpp"
#include "observe/state.hpp"
#include "schedule/admission.hpp"
#include "shared/group.hpp"

namespace siltgate::app {

struct App::State {
  State(settings::Settings settings, Surroundings surroundings);

  // start_stop.cpp
  std::optional<StartFailure> start();
  InheritedSocket* inherited_for(const settings::Listen& where);
  std::optional<StartFailure> unlisted_socket() const;
  int run();
  void stop();
  void reload();
  void watch_signals();
  void housekeeping();
  void open_session(net::Connection connection, const std::string& local_address, std::vector<std::string> allow, bool control);
  void session_ended(bool is_control);
  void make_room();
  void finish_if_idle();
  void let_followers_go(bool control_too);
  void open_doors();
  std::string status_line() const;

  // apply.cpp: settings -> what runs
  void apply(settings::Settings next);
  void bound_sessions();
  bool listeners_changed(const settings::Settings& next) const;

  // wiring.cpp: what exchanges ask of the App
  void wire();
  void settled(observe::ExchangeRecord&& record, observe::Recording&& capture);
  void apply_capture();
  std::optional<flow::OwnPage> own_page(const http::RequestHead& head, std::string_view body, const flow::Entrance& entrance);
  std::function<std::function<void()>(flow::Lines)> follower(const admin::Reply& reply);
  admin::View admin_view(const std::string& path);
  bool cancel(const std::string& id);
  bool set_cap(const std::string& provider, const std::string& key, const std::string& model, int cap);
  observe::State describe() const;   // describe.cpp
  std::string bottleneck(TimePoint now) const;

  // sharing.cpp: caps shared with other instances
  void join_group();
  void say_mode();
  std::optional<observe::SharedState> describe_group() const;

  // memory.cpp: what outlives a restart
  void remember();
  void save_memory();

  asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};   // one thread does all I/O; others only post
  settings::Settings settings;
  Surroundings surroundings;
  observe::Logger log;
  observe::History history;
  observe::ExchangeMetrics metrics;
  observe::KeyStats key_stats;
  schedule::Admission admission;
  std::unique_ptr<shared::Group> group;  // null: caps are this instance's own
  flow::Turnstile turnstile;
  upstream::Pool pool;
  schedule::RepeatGuard repeat;
  std::vector<char> scratch;
  flow::Services services;
  std::unique_ptr<demo::Demo> demo;
  LiveFeed feed;
  std::string admin_token = admin::new_token();   // of this start
  std::list<Listener> listeners;
  std::unique_ptr<Listener> control;
  asio::signal_set signals;
  asio::steady_timer housekeeping_timer;
  asio::steady_timer drain_timer;
  Secrets secrets;                      // values that never may be written
  std::string last_reload_error;
  std::vector<schedule::LearnedLimit> learned;  // from the last run, until apply() has handed it over
  std::string saved_memory;             // what the state file holds
  TimePoint started = Clock::now();
  WallTime started_at = std::chrono::system_clock::now();
  unsigned beats = 0;                   // of the housekeeping
  int sessions = 0;
  int most_sessions = 1;                // limits.connections, or fewer where the descriptors do not suffice
  TimePoint room_due{};                 // until then a session that was told to go may still leave
  bool memory_given_back = true;        // since the last exchange
  int control_sessions = 0;             // not counted against `connections`
  bool stopping = false;
  bool doors_open = false;              // listeners accept
  bool cut = false;                     // drain ran out
};

}  // namespace siltgate::app
