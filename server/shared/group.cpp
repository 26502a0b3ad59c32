// SPDX-License-Identifier: Apache-2.0
#include "shared/group.hpp"

#include "shared/lease_clock.hpp"

namespace siltgate::shared {

/// Lets a timer that fires late see that its Group is gone.
struct Group::Link {
  Group* owner;
};

Group::Group(asio::any_io_executor executor, GroupConfig config)
    : config_(std::move(config)),
      member_(config_.member),
      link_to_redis_(executor, {config_.address, config_.prefix, config_.member.id, config_.member.lease, config_.member.patience()},
                     {[this](const std::string& run) {
                        loss_.clear();
                        member_.connected(run, lease_now());
                        perform();
                      },
                      [this](const std::string& why, bool broken) { went_down(why, broken); },
                      [this](const Command& command, const RespValue& answer) {
                        member_.answered(command, answer, lease_now());
                        perform();
                      },
                      [this](std::string_view channel, std::string_view text) {
                        member_.heard(channel, text, lease_now());
                        perform();
                      }}),
      timer_(executor),
      link_(std::make_shared<Link>(Link{this})) {}

Group::~Group() { link_->owner = nullptr; }

void Group::start() { link_to_redis_.start(); }

void Group::stop() {
  member_.part();
  perform();
  timer_.cancel();
  link_to_redis_.stop();
}

void Group::went_down(const std::string& why, bool broken) {
  if (loss_.empty()) lost_at_ = Clock::now();
  loss_ = why;
  if (!trouble_.empty()) trouble_ = why;
  if (broken) member_.interrupted(lease_now());
  else member_.disconnected(lease_now());
  perform();
}

void Group::propose(Proposal proposal) {
  member_.propose(std::move(proposal), lease_now());
  perform();
}

void Group::give_back(Ticket ticket, schedule::Ending ending, bool keep_place) {
  member_.give_back(ticket, ending, keep_place, lease_now());
  perform();
}

void Group::restate(const std::map<Ticket, schedule::SharedPath>& paths) {
  member_.restate(paths, lease_now());
  perform();
}

void Group::hold(const std::string& scope, Duration time) {
  member_.hold(scope, time);
  perform();
}

void Group::note(const std::string& name, const std::string& text) {
  member_.note(name, text);
  perform();
}

void Group::check() {
  member_.check(lease_now());
  perform();
}

void Group::look() {
  member_.look();
  perform();
}

bool Group::settling() const { return member_.mode() == Mode::shared && member_.settled_at() > lease_now(); }

/// What carrying out brings about is carried out in turn, not inside.
void Group::perform() {
  if (performing_) return;
  performing_ = true;
  for (;;) {
    Effects effects = member_.take();
    const bool nothing = effects.commands.empty() && effects.lost.empty() && effects.confirmed.empty() && effects.limits.empty() &&
                         effects.holds.empty() && effects.notes.empty() && !effects.mode_changed && !effects.part_changed && !effects.salt &&
                         !effects.outside && effects.drop.empty();
    if (nothing) break;
    carry_out(std::move(effects));
  }
  performing_ = false;
  arm();
}

void Group::carry_out(Effects effects) {
  for (Command& command : effects.commands) link_to_redis_.send(std::move(command));
  for (Ticket ticket : effects.lost) owner.lost(ticket);
  if (effects.salt && owner.salt) owner.salt(*effects.salt);
  if (effects.outside) {
    if (!trouble_.empty()) trouble_ = "it has just come back, and instances that shared it before come first";
    if (owner.outside) owner.outside(member_.settled_at() - lease_now());
  }
  if (effects.mode_changed) {
    const bool shared = member_.mode() == Mode::shared;
    if (shared || trouble_.empty()) since_ = shared ? Clock::now() : lost_at_;
    if (shared) trouble_.clear();
    else if (trouble_.empty()) trouble_ = loss_;
  }
  if (effects.mode_changed && owner.mode_changed) owner.mode_changed();
  if (effects.part_changed && owner.part_changed) owner.part_changed();
  for (const auto& [scope, limit] : effects.limits)
    if (owner.limit) owner.limit(scope, limit);
  for (const auto& [scope, time] : effects.holds)
    if (owner.held) owner.held(scope, time);
  for (const auto& [name, text] : effects.notes)
    if (owner.note) owner.note(name, text);
  for (Ticket ticket : effects.confirmed) owner.confirmed(ticket);
  if (!effects.drop.empty()) link_to_redis_.drop(effects.drop);
}

/// At the latest after `patience`, so that a machine that slept is noticed: its timers did not count the sleep.
void Group::arm() {
  const TimePoint now = lease_now();
  const TimePoint at = std::min(member_.next(), now + config_.member.patience());
  if (at >= armed_for_ && armed_for_ > now) return;
  armed_for_ = at;
  timer_.expires_after(std::max<Duration>(at - now, std::chrono::milliseconds(1)));
  timer_.async_wait([link = link_](const ErrorCode& error) {
    if (error || !link->owner) return;
    link->owner->armed_for_ = TimePoint::max();
    link->owner->member_.tick(lease_now());
    link->owner->perform();
  });
}

}  // namespace siltgate::shared
