// SPDX-License-Identifier: Apache-2.0
// Where clients come in: the listeners of "listen" and the control socket, at start and moved by a reload.
#include <algorithm>
#include <utility>

#include "app/state.hpp"
#include "net/control_socket.hpp"
#include "settings/address.hpp"

namespace siltgate::app {
namespace {

bool same_place(const settings::Listen& a, const settings::Listen& b) { return a.address == b.address && a.port == b.port; }

StartFailure unlisted(const std::string& address, std::uint16_t port) {
  const std::string name = settings::format_address(address, port);
  return {78, "the service manager handed over a socket on " + name + ", which does not stand in \"listen\"; add \"" + name +
                  "\" there, or change ListenStream= in siltgate.socket"};
}

}  // namespace

std::unique_ptr<App::State::Entry> App::State::make_entry(const settings::Listen& where) {
  auto door = std::make_shared<flow::Door>(flow::Door{where.allow});
  auto accepted = [this, door](net::Connection connection, const std::string& local) {
    open_session(std::move(connection), local, door, false);
  };
  auto room = [this] { return sessions < most_sessions; };
  auto crowded = [this] { make_room(); };
  return std::make_unique<Entry>(where, door, io.get_executor(), room, accepted, crowded);
}

/// Binds, or leaves a listener behind that will (`wait`).
std::optional<StartFailure> App::State::bind(Entry& entry) {
  InheritedSocket* given = inherited_for(entry.where);
  auto failed = given ? entry.listener.adopt(entry.where, given->descriptor) : entry.listener.bind_tcp(entry.where);
  if (given) entry.given = given->taken = true;
  if (!failed) return {};
  if (!entry.where.wait || failed->exit_code != 69) return failed;
  log.warn(failed->message + "; waiting for the address");
  entry.listener.bind_when_possible(entry.where, [this, &entry] { open_entry(entry); });
  return {};
}

/// Once it is certain that the listener stays.
void App::State::open_entry(Entry& entry) {
  if (!entry.listener.bound()) return;
  log.info("listening on http://" + entry.listener.name() + "/v1");
  if (doors_open) entry.listener.accept();
}

std::optional<StartFailure> App::State::open_entries() {
  for (const auto& where : settings.listen)
    if (auto failed = bind(*entries.emplace_back(make_entry(where)))) return failed;
  if (auto failed = unlisted_socket()) return failed;
  for (auto& entry : entries) open_entry(*entry);
  open_control();
  return {};
}

/// The new ones, while those that leave are still there. One that holds the same port makes way, and comes back on failure.
std::optional<StartFailure> App::State::bind_beside(Entries& fresh, const std::vector<Entry*>& leaving) {
  for (const Entry* entry : leaving)
    if (entry->given) return unlisted(entry->where.address, entry->where.port);
  std::vector<Entry*> made_way;
  for (const auto& entry : fresh) {
    for (Entry* other : leaving) {
      if (!other->listener.bound() || other->listener.port() != entry->where.port) continue;
      other->listener.close();
      made_way.push_back(other);
    }
    auto failed = bind(*entry);
    if (!failed) continue;
    fresh.clear();
    for (Entry* other : made_way) {
      settings::Listen place = other->where;
      place.port = other->listener.port();   // what the system chose for 0
      if (auto lost = other->listener.bind_tcp(place)) log.error(lost->message);
      else if (doors_open) other->listener.accept();
    }
    return failed;
  }
  for (const auto& entry : fresh) open_entry(*entry);
  return {};
}

// 1. What stays keeps its socket and takes over the new `allow`.
// 2. What comes is bound before anything is given up for good.
// 3. What goes is closed; its sessions end behind the exchange they are in.
std::optional<StartFailure> App::State::move_entries(const std::vector<settings::Listen>& wanted) {
  Entries fresh, next;
  std::vector<Entry*> order, leaving;
  const auto ordered = [&order](const Entry* entry) { return std::find(order.begin(), order.end(), entry) != order.end(); };
  for (const auto& where : wanted) {
    const auto same = std::find_if(entries.begin(), entries.end(),
                                   [&](const auto& entry) { return same_place(entry->where, where) && !ordered(entry.get()); });
    order.push_back(same == entries.end() ? fresh.emplace_back(make_entry(where)).get() : same->get());
  }
  for (const auto& entry : entries)
    if (!ordered(entry.get())) leaving.push_back(entry.get());
  if (auto failed = bind_beside(fresh, leaving)) return failed;   // 2
  for (Entry* entry : leaving) close_entry(*entry);               // 3
  std::move(fresh.begin(), fresh.end(), std::back_inserter(entries));
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto own = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.get() == order[i]; });
    order[i]->where = wanted[i];
    order[i]->door->allow = wanted[i].allow;                      // 1
    next.push_back(std::move(*own));
  }
  entries = std::move(next);
  return {};
}

void App::State::close_entry(Entry& entry) {
  log.info("no longer listening on " + settings::format_address(entry.where.address, entry.where.port));
  entry.listener.close();
  entry.door->closed = true;
  auto resting = services.idle;
  for (const auto& session : resting)
    if (session.door == entry.door.get()) session.watch->raise(net::Wake::stopped);
}

/// Where the verbs speak to this instance; named after its first port, so that it moves with that.
void App::State::open_control() {
  if (!surroundings.control_socket || entries.empty()) return;
  const std::string path = settings.control_socket.empty() ? net::control_path_for(entries.front()->port()) : settings.control_socket;
  if (control && control->name() == path) return;
  auto accepted = [this, door = std::make_shared<flow::Door>()](net::Connection connection, const std::string& local) {
    open_session(std::move(connection), local, door, true);
  };
  auto next = std::make_unique<Listener>(io.get_executor(), [] { return true; }, accepted);
  if (auto failed = next->bind_control(path)) {
    if (!std::exchange(control_missed, true)) log.warn(failed->message + "; `siltgate log` and `why` do not find this instance until that changes");
    return;
  }
  control = std::move(next);
  if (std::exchange(control_missed, false)) log.info("control socket: `siltgate log` and `why` find this instance now");
  if (doors_open) control->accept();
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
    return unlisted(each.address, each.port);
  }
  return {};
}

}  // namespace siltgate::app
