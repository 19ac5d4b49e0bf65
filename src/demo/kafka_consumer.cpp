#include "demo/kafka_consumer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "demo/kafka_client.h"

namespace jobscaler::demo {
namespace {

using List = KafkaOwner<rd_kafka_topic_partition_list_t>;

constexpr std::chrono::milliseconds kLookInterval{1'000};
constexpr std::chrono::milliseconds kRetryInterval{100};
constexpr std::chrono::milliseconds kGroupTimeout{3'000};
constexpr std::chrono::seconds kLeaveTimeout{10};

KafkaProperties defaults() {
  return {
      {"auto.offset.reset", "earliest"},
      // A worker that dies is replaced within this.
      {"session.timeout.ms", "10000"},
      // The others hear of one that joins within this.
      {"heartbeat.interval.ms", "1000"},
      // For so long (the most there is) the group waits for one that has to finish its record
      // before it gives its partition back. One that has died is not waited for.
      {"max.poll.interval.ms", "86400000"},
  };
}

KafkaProperties own(const std::string& group) {
  return {
      {"group.id", group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"allow.auto.create.topics", "false"},
  };
}

std::optional<std::string> header(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  return std::string(static_cast<const char*>(value), size);
}

std::chrono::milliseconds work_asked_for(const rd_kafka_message_t& message) {
  const std::string text = header(message, kWorkHeader).value_or("");
  std::uint32_t milliseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  return std::chrono::milliseconds(milliseconds);
}

std::string text_of(const void* bytes, std::size_t size) {
  return size == 0 ? "" : std::string(static_cast<const char*>(bytes), size);
}

Record record_of(const rd_kafka_message_t& message) {
  Record record{rd_kafka_topic_name(message.rkt), message.partition, message.offset, {}};
  record.message.id =
      header(message, kIdHeader)
          .value_or(fmt::format("{}[{}]@{}", record.topic, record.partition, record.offset));
  record.message.body = text_of(message.payload, message.len);
  record.message.work = work_asked_for(message);
  if (message.key != nullptr) record.message.key = text_of(message.key, message.key_len);
  return record;
}

/// "0, 3 and 4"
std::string numbers(const rd_kafka_topic_partition_list_t& list) {
  std::vector<int> partitions;
  for (int i = 0; i < list.cnt; ++i) partitions.push_back(list.elems[i].partition);
  std::sort(partitions.begin(), partitions.end());
  return fmt::format("partition{} {}", list.cnt == 1 ? "" : "s", fmt::join(partitions, ", "));
}

bool group_has_moved_on(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
         code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST;
}

}  // namespace

class KafkaConsumer::Impl : public KafkaClient {
 public:
  Impl(const KafkaCluster& cluster, const std::string& topic, const std::string& group)
      : KafkaClient(RD_KAFKA_CONSUMER, cluster, defaults(), own(group)),
        topic_(topic),
        group_(group) {
    if (partitions(topic) == 0) throw no_topic(topic);
    const List topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_poll_set_consumer(get());
    check(rd_kafka_subscribe(get(), topics.get()), fmt::format("join the group '{}'", group));
  }

  ~Impl() override {
    let_go();
    // librdkafka 2.0 aborts when it is destroyed in the middle of its first join.
    const auto deadline = Clock::now() + kLeaveTimeout;
    bool heard = true;
    while (!has_share_ && !broken_ && heard && Clock::now() < deadline) {
      const KafkaOwner<rd_kafka_message_t> unwanted(
          rd_kafka_consumer_poll(get(), milliseconds_until(Clock::now() + kRetryInterval)));
      heard = has_share_ || topics(kLookInterval).has_value();
    }
    if (!heard || !leave(Clock::now() + kLeaveTimeout) || !has_share_) abandon();
  }

  bool share_is_new() { return !has_share_ || std::exchange(given_more_, false); }

  std::optional<Record> next(Clock::time_point deadline) {
    while (refused_ && Clock::now() < deadline) pause_and_poll(deadline);
    if (refused_) return std::nullopt;
    if (std::exchange(holding_, false)) change_all(rd_kafka_resume_partitions);
    do {
      const auto message = poll(deadline);
      if (!message) continue;
      Record record = record_of(*message);
      in_hand_ = {record.partition, record.offset};
      return record;
    } while (Clock::now() < deadline);
    return std::nullopt;
  }

  bool hold(Clock::time_point deadline) {
    do {
      pause_and_poll(deadline);
      // While partitions wait to be given back, nobody is told that all are lost.
      if (give_back_ && rd_kafka_assignment_lost(get())) lose();
    } while (in_hand_ && Clock::now() < deadline);
    return in_hand_.has_value();
  }

  std::optional<std::string> commit(std::chrono::milliseconds patience) {
    auto deadline = Clock::now() + patience;
    for (bool told = false;;) {
      auto code = wait_for_join();
      const bool joining = code == RD_KAFKA_RESP_ERR__TIMED_OUT && group_is_joining();
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = commit_in_hand();
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR || group_has_moved_on(code)) {
        let_go();
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
        refused_ = true;
        return rd_kafka_err2str(code);
      }
      // While the group shares out anew, the partition is still ours: it is not given back yet.
      if (joining || code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
        deadline = Clock::now() + patience;
      else if (kind_of(code) != ErrorKind::unavailable || Clock::now() > deadline)
        throw failure(code, "commit");
      if (code != RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS && !std::exchange(told, true))
        tell_of_wait(joining, code);
      if (!hold(Clock::now() + kRetryInterval)) return "the group has given this worker up";
    }
  }

  std::optional<BrokerError> silence() {
    const auto there = topics(kLookInterval);
    if (!there) return failure(RD_KAFKA_RESP_ERR__TIMED_OUT, "reach a broker");
    if (!there->contains(topic_)) throw deleted();
    return std::nullopt;
  }

 private:
  struct InHand {
    int partition;
    std::int64_t offset;
  };

  List list_in_hand(std::int64_t offset) const {
    List list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), in_hand_->partition)->offset =
        offset;
    return list;
  }

  /// A broker answers a connection's requests one after the other, and that to join a group when
  /// all members have come. A commit that waits behind it is too late, for which librdkafka gives
  /// up all partitions. So a harmless question goes first.
  rd_kafka_resp_err_t wait_for_join() {
    const List list = list_in_hand(RD_KAFKA_OFFSET_INVALID);
    return rd_kafka_committed(get(), list.get(), static_cast<int>(kLookInterval.count()));
  }

  /// Whether the group waits for members to come. Asked over another connection than that on which
  /// the answer to our joining is awaited; false if its coordinator is silent there, too.
  bool group_is_joining() const {
    const rd_kafka_group_list* answer = nullptr;
    rd_kafka_list_groups(get(), group_.c_str(), &answer, static_cast<int>(kGroupTimeout.count()));
    const KafkaOwner<const rd_kafka_group_list> groups(answer);
    return groups && groups->group_cnt > 0 &&
           std::string_view(groups->groups[0].state).ends_with("Rebalance");
  }

  void tell_of_wait(bool joining, rd_kafka_resp_err_t code) const {
    if (joining)
      fmt::print("waiting to commit until all members of the group '{}' have joined it anew\n",
                 group_);
    else
      fmt::print("{}; trying again\n", failure(code, "commit").what());
  }

  rd_kafka_resp_err_t commit_in_hand() {
    const List list = list_in_hand(in_hand_->offset + 1);
    return rd_kafka_commit(get(), list.get(), /*async=*/0);
  }

  BrokerError deleted() const {
    return failure(ErrorKind::not_found, fmt::format("the topic '{}' has been deleted", topic_));
  }

  /// The next message, or nothing; runs the callbacks.
  KafkaOwner<rd_kafka_message_t> poll(Clock::time_point deadline) {
    KafkaOwner<rd_kafka_message_t> message(
        rd_kafka_consumer_poll(get(), milliseconds_until(deadline)));
    if (broken_) throw BrokerError(*broken_);
    if (!message || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return message;
    const auto kind = kind_of(message->err);
    if (kind == ErrorKind::unavailable) return nullptr;  // librdkafka tries again
    if (kind == ErrorKind::not_found)
      broken_.emplace(deleted());
    else
      broken_.emplace(failure(kind, fmt::format("could not read the topic '{}': {}", topic_,
                                                rd_kafka_message_errstr(message.get()))));
    throw BrokerError(*broken_);
  }

  /// Takes no record.
  void pause_and_poll(Clock::time_point deadline) {
    if (!std::exchange(holding_, true)) change_all(rd_kafka_pause_partitions);
    if (poll(deadline))
      throw failure(ErrorKind::malformed, "librdkafka gave a record of a paused partition");
  }

  /// False if that has not been done at the deadline.
  bool leave(Clock::time_point deadline) {
    const KafkaOwner<rd_kafka_queue_t> queue(rd_kafka_queue_new(get()));
    if (rd_kafka_error_t* error = rd_kafka_consumer_close_queue(get(), queue.get()))
      rd_kafka_error_destroy(error);  // it is in no group any more
    while (rd_kafka_consumer_closed(get()) == 0 && Clock::now() < deadline) {
      const KafkaOwner<rd_kafka_event_t> event(
          rd_kafka_queue_poll(queue.get(), milliseconds_until(Clock::now() + kRetryInterval)));
      if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
        on_rebalance(rd_kafka_event_error(event.get()),
                     rd_kafka_event_topic_partition_list(event.get()));
    }
    return rd_kafka_consumer_closed(get()) != 0;
  }

  void on_rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list) override {
    refused_ = false;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return take(*list);
    const bool lost = rd_kafka_assignment_lost(get()) != 0;
    if (!lost && in_hand_ &&
        rd_kafka_topic_partition_list_find(list, topic_.c_str(), in_hand_->partition) != nullptr) {
      give_back_.reset(rd_kafka_topic_partition_list_copy(list));
      return;
    }
    if (lost) in_hand_.reset();
    give_back(*list, lost);
  }

  void take(rd_kafka_topic_partition_list_t& list) {
    has_share_ = true;
    given_more_ = given_more_ || list.cnt > 0;
    note(rd_kafka_incremental_assign(get(), &list), "take partitions");
    if (holding_) rd_kafka_pause_partitions(get(), &list);
    if (list.cnt > 0) fmt::print("given {} of topic '{}'\n", numbers(list), topic_);
  }

  void give_back(rd_kafka_topic_partition_list_t& list, bool lost) {
    // Or it would still be paused when it comes back.
    if (holding_) rd_kafka_resume_partitions(get(), &list);
    note(rd_kafka_incremental_unassign(get(), &list), "give partitions back");
    if (list.cnt > 0)
      fmt::print("{} {} of topic '{}'\n", lost ? "lost" : "gave back", numbers(list), topic_);
  }

  /// Nothing is thrown through librdkafka, but by the next poll().
  void note(rd_kafka_error_t* error, const std::string& doing) {
    if (error != nullptr) broken_.emplace(failure(error, doing));
  }

  /// There is no record in hand any more.
  void let_go() {
    in_hand_.reset();
    if (const List list = std::move(give_back_)) give_back(*list, false);
  }

  void lose() {
    in_hand_.reset();
    if (const List list = std::move(give_back_)) give_back(*list, true);
  }

  /// Pauses or resumes everything that is assigned.
  void change_all(rd_kafka_resp_err_t (*change)(rd_kafka_t*, rd_kafka_topic_partition_list_t*)) {
    rd_kafka_topic_partition_list_t* all = nullptr;
    check(rd_kafka_assignment(get(), &all), "list the partitions");
    const List list(all);
    change(get(), list.get());
  }

  const std::string topic_;
  const std::string group_;
  bool has_share_ = false;  ///< be it nothing
  bool given_more_ = false;
  bool holding_ = false;           ///< all partitions are paused
  std::optional<InHand> in_hand_;  ///< uncommitted
  /// A commit was refused, and so will the next be, until the group has said what is ours.
  bool refused_ = false;
  List give_back_;  ///< once there is no record in hand
  std::optional<BrokerError> broken_;
};

KafkaConsumer::KafkaConsumer(const KafkaCluster& cluster, const std::string& topic,
                             const std::string& group)
    : impl_(std::make_unique<Impl>(cluster, topic, group)) {}

KafkaConsumer::~KafkaConsumer() = default;

bool KafkaConsumer::share_is_new() {
  return impl_->share_is_new();
}

std::optional<Record> KafkaConsumer::next(Clock::time_point deadline) {
  return impl_->next(deadline);
}

bool KafkaConsumer::hold(Clock::time_point deadline) {
  return impl_->hold(deadline);
}

std::optional<std::string> KafkaConsumer::commit(std::chrono::milliseconds patience) {
  return impl_->commit(patience);
}

std::optional<BrokerError> KafkaConsumer::silence() {
  return impl_->silence();
}

}  // namespace jobscaler::demo
