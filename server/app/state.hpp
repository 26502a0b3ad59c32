// SPDX-License-Identifier: Apache-2.0
// Everything an App owns, in the order in which it must die. The functions are its parts, one file each.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <array>
#include <functional>
#include <memory>
#include <vector>

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
  int run();
  void stop();
  void reload();
  std::string cannot_become(const settings::Settings& next);
  void watch_signals();
  void housekeeping();
  void keep_house();
  void miss_clients();
  void unless_bug(const char* chore, const std::function<void()>& work);
  void open_session(net::Connection connection, const std::string& local_address, std::shared_ptr<const flow::Door> door, bool control);
  void session_ended(bool is_control);
  void make_room();
  void finish_if_idle();
  void let_followers_go(bool control_too);
  void wake_resting();
  std::size_t in_progress() const;
  void open_doors();
  std::string status_line() const;

  // apply.cpp: settings -> what runs
  void apply(settings::Settings next);
  void name_keys();
  void bound_sessions();

  // entries.cpp: where clients come in
  struct Entry {
    settings::Listen where;
    std::shared_ptr<flow::Door> door;
    Listener listener;
    bool given = false;                 // by the service manager, which goes on listening
    /// What the system chose for 0; that of the configuration where the address is still waited for.
    std::uint16_t port() const { return listener.bound() ? listener.port() : where.port; }

    Entry(settings::Listen place, std::shared_ptr<flow::Door> at, asio::any_io_executor executor, Listener::Room room,
          Listener::Accepted accepted, Listener::Crowded crowded)
        : where(std::move(place)), door(std::move(at)), listener(std::move(executor), std::move(room), std::move(accepted), std::move(crowded)) {}
  };
  using Entries = std::vector<std::unique_ptr<Entry>>;
  std::unique_ptr<Entry> make_entry(const settings::Listen& where);
  std::optional<StartFailure> open_entries();
  std::optional<StartFailure> bind(Entry& entry);
  void open_entry(Entry& entry);
  /// All or nothing: a failure leaves the listeners as they were.
  std::optional<StartFailure> move_entries(const std::vector<settings::Listen>& wanted);
  std::optional<StartFailure> bind_beside(Entries& fresh, const std::vector<Entry*>& leaving);
  void close_entry(Entry& entry);
  void open_control();
  InheritedSocket* inherited_for(const settings::Listen& where);
  std::optional<StartFailure> unlisted_socket() const;

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
  Entries entries;                      // in the order of "listen"
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
  bool control_missed = false;           // open_control() failed, and said so
  bool cut = false;                     // drain ran out
};

}  // namespace siltgate::app
