// SPDX-License-Identifier: Apache-2.0
// This instance as a member of the group that shares its caps: Member on the real clock and a real connection. Holds no rule.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/asio.hpp"
#include "shared/member.hpp"
#include "shared/redis_link.hpp"

namespace siltgate::shared {

struct GroupConfig {
  RedisAddress address;
  std::string prefix;
  MemberConfig member;
};

class Group {
 public:
  /// What the scheduler has to do. All optional but `confirmed` and `lost`.
  struct Owner {
    std::function<void(Ticket)> confirmed, lost;
    std::function<void()> mode_changed, part_changed;
    std::function<void(Duration)> outside;  // Redis is new or has just come back: joins after that time
    std::function<void(const std::string& scope, Duration)> held;
    std::function<void(const std::string& scope, int limit)> limit;
    std::function<void(const std::string& name, const std::string& text)> note;
    std::function<void(const std::string&)> salt;
  };

  Group(asio::any_io_executor executor, GroupConfig config);
  ~Group();
  Owner owner;

  void start();
  /// Says farewell, so that nobody has to wait for the end of the lease.
  void stop();

  void propose(Proposal proposal);
  void give_back(Ticket ticket, schedule::Ending ending, bool keep_place);
  /// What these hold has further names now.
  void restate(const std::map<Ticket, schedule::SharedPath>& paths);
  void hold(const std::string& scope, Duration time);
  void note(const std::string& name, const std::string& text);
  /// Before anything is sent to a provider: notices that this process stood still for longer than its lease.
  void check();
  /// Asks for the list of instances anew; it is there some moments later.
  void look();

  const Member& member() const { return member_; }
  Mode mode() const { return member_.mode(); }
  std::string where() const { return config_.address.shown(); }
  /// Why Redis is down, "" while it is not, and since when.
  const std::string& trouble() const { return trouble_; }
  TimePoint since() const { return since_; }
  bool settling() const;

 private:
  struct Link;
  void went_down(const std::string& why, bool broken);
  void perform();
  void carry_out(Effects effects);
  void arm();

  GroupConfig config_;
  Member member_;
  RedisLink link_to_redis_;
  asio::steady_timer timer_;
  std::shared_ptr<Link> link_;
  TimePoint armed_for_ = TimePoint::max();  // on the lease clock
  bool performing_ = false;
  std::string trouble_, loss_;      // of the mode, and of the connection, which may come back before the mode changes
  TimePoint since_ = Clock::now(), lost_at_{};
};

}  // namespace siltgate::shared
