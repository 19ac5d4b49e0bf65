#include "daemon/loop.h"

#include <utility>
#include <variant>

namespace jobscaler::daemon {
namespace {

template <typename... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
overloaded(Ts...) -> overloaded<Ts...>;  // clang 14, which lints this, cannot deduce it

}  // namespace

Loop::Loop(Engine engine, LoopParts parts) : engine_(std::move(engine)), parts_(std::move(parts)) {}

void Loop::turn() {
  const TimePoint now = receive_all(engine_.next_wakeup());
  // Requests first: writing the log takes a while, and its reader may be slow.
  std::vector<Action> actions = engine_.step(now);
  for (const Action& action : actions) carry_out(action);
  for (const Action& action : actions) tell(action);
}

void Loop::reconfigure(Reconfiguration change, std::map<std::string, SourcePort*> sources) {
  const TimePoint now = receive_all(BootClock::now());
  parts_.sources = std::move(sources);
  for (const std::string& scaler : change.new_queues) narrator_.forget(scaler);
  engine_.reconfigure(std::move(change), now);
}

/// Returns when it did so.
TimePoint Loop::receive_all(TimePoint deadline) {
  const std::vector<Mailbox::Item> items = parts_.mailbox.take(deadline);
  const TimePoint now = BootClock::now();
  for (const Mailbox::Item& item : items) receive(item, now);
  return now;
}

void Loop::receive(const Mailbox::Item& item, TimePoint now) {
  std::visit(overloaded{
                 [&](const Event& event) { engine_.apply(event, now); },
                 [&](const Note& note) {
                   parts_.log.write({.level = note.level,
                                     .subject = note.subject,
                                     .reason = {},
                                     .text = note.text,
                                     .fields = {}});
                 },
             },
             item);
}

void Loop::carry_out(const Action& action) {
  std::visit(
      overloaded{
          [&](const action::StartWorker& start) { parts_.cluster.start_worker(start); },
          [&](const action::DeleteWorker& remove) { parts_.cluster.delete_worker(remove); },
          [&](const action::RecordMark& mark) { parts_.cluster.record_mark(mark); },
          [&](const action::CheckTemplate& check) { parts_.cluster.check_template(check); },
          [&](const action::ReadQueue& read) { parts_.sources.at(read.scaler)->read(read.scaler); },
          [](const auto&) {},
      },
      action);
}

void Loop::tell(const Action& action) {
  std::visit(overloaded{
                 [&](const action::Decided& decided) {
                   parts_.log.write(narrator_.narrate(decided.decision));
                 },
                 [&](const action::WorkerNews& news) {
                   parts_.log.write({.level = news.level,
                                     .subject = news.scaler,
                                     .reason = {},
                                     .text = news.text,
                                     .fields = {{"worker", telemetry::json_string(news.worker)}}});
                 },
                 [](const auto&) {},
             },
             action);
}

}  // namespace jobscaler::daemon
