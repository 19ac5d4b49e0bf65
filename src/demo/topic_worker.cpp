#include "demo/topic_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "demo/kafka_consumer.h"
#include "demo/kafka_producer.h"

namespace jobscaler::demo {
namespace {

using std::chrono::milliseconds;

/// Work this short is not worth holding: that throws away what has been fetched in advance.
constexpr milliseconds kShortWork{500};
constexpr std::chrono::seconds kConfirmTimeout{30};
constexpr std::chrono::seconds kLookInterval{1};

class TopicWorker {
 public:
  TopicWorker(const WorkOnTopic& source, milliseconds patience, Shift& shift)
      : source_(source), patience_(patience), shift_(shift) {}

  void run() {
    open_next_stage();
    KafkaConsumer consumer(source_.cluster, source_.topic, source_.group);
    fmt::print("waiting for messages of topic '{}' in group '{}'\n", source_.topic, source_.group);
    while (!shift_.told_to_stop()) {
      const auto record = consumer.next(std::min(Clock::now() + kStopLatency, shift_.idle_until()));
      const bool idle = shift_.idle();
      if (record)
        process(consumer, *record);
      else if (!is_heard(consumer, idle) || consumer.share_is_new())
        shift_.rest();
      else if (idle)
        return;
    }
  }

 private:
  void open_next_stage() {
    if (source_.to.empty()) return;
    next_stage_.emplace(source_.cluster);
    next_stage_->need_topic(source_.to);
  }

  void process(KafkaConsumer& consumer, const Record& record) {
    const Outgoing& message = record.message;
    silent_since_.reset();
    const auto end = shift_.begin(message.id, message.work);
    std::this_thread::sleep_until(std::min(end, Clock::now() + kShortWork));
    if (Clock::now() < end && !consumer.hold(end)) return give_up(record);
    if (next_stage_) pass_on(message);
    shift_.report(message.id);
    if (const auto refusal = consumer.commit(patience_))
      fmt::print("{} is done but not committed ({}): it may be done again\n", message.id, *refusal);
    shift_.end();
  }

  void give_up(const Record& record) {
    fmt::print("{} is given up, as partition {} was lost: it may be done by another worker\n",
               record.message.id, record.partition);
    shift_.rest();
  }

  /// Returns when the broker has confirmed it.
  void pass_on(const Outgoing& message) {
    next_stage_->publish(source_.to, message);
    const auto deadline = Clock::now() + kConfirmTimeout;
    while (next_stage_->unconfirmed() > 0) {
      if (!next_stage_->wait(deadline))
        throw BrokerError(ErrorKind::unavailable,
                          fmt::format("the broker has not confirmed {} in topic '{}' for {} s",
                                      message.id, source_.to, kConfirmTimeout.count()));
    }
  }

  /// No record may mean that there is none, or that the broker is silent, for which it is asked
  /// once a second, and before the worker leaves. Idle time begins anew when a silent one is back.
  bool is_heard(KafkaConsumer& consumer, bool leaving) {
    if (!leaving && Clock::now() < next_look_) return !silent_since_;
    const auto silence = consumer.silence();
    next_look_ = Clock::now() + kLookInterval;
    if (!silence) return !std::exchange(silent_since_, std::nullopt);
    if (!silent_since_) {
      silent_since_ = Clock::now();
      fmt::print("{}; connecting again\n", silence->what());
    }
    if (Clock::now() - *silent_since_ > patience_) throw BrokerError(*silence);
    return false;
  }

  const WorkOnTopic& source_;
  const milliseconds patience_;
  Shift& shift_;
  std::optional<KafkaProducer> next_stage_;
  std::optional<Clock::time_point> silent_since_;
  Clock::time_point next_look_ = Clock::now() + kLookInterval;
};

}  // namespace

void work_on_topic(const WorkOnTopic& source, milliseconds patience, Shift& shift) {
  TopicWorker(source, patience, shift).run();
}

}  // namespace jobscaler::demo
