#include "kafka/handle.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "jobscaler/format.h"

namespace jobscaler::kafka {
namespace {

constexpr int kAttempts = 3;
constexpr Duration kFirstSlice = std::chrono::milliseconds(100);

struct Release {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  // Leaving a group would be waited for, and we are in none.
  void operator()(rd_kafka_t* rk) const {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};
template <typename T>
using Owner = std::unique_ptr<T, Release>;
using List = Owner<rd_kafka_topic_partition_list_t>;

using Code = rd_kafka_resp_err_t;

int milliseconds_left(const Deadline& deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.at - BootClock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

ErrorKind error_kind(Code code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return ErrorKind::not_found;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return ErrorKind::rejected;
    default:
      return ErrorKind::unavailable;
  }
}

/// True of what is over as soon as librdkafka has asked around again.
bool is_passing(Code code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
      return true;
    default:
      return false;
  }
}

/// The end that nobody answered in is in librdkafka's events, if anywhere.
bool is_silence(Code code) {
  return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__WAIT_COORD;
}

template <typename Call>
Code insist(const Deadline& deadline, Call call) {
  Code code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int left = milliseconds_left(deadline);
    if (left == 0) break;
    code = call(left);
    if (!is_passing(code)) break;
  }
  return code;
}

List make_list(const std::vector<Partition>& partitions) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const Partition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number);
  }
  return list;
}

/// The file that librdkafka, which does not tell its name, cannot read.
std::optional<std::string> unreadable_file(const Properties& properties) {
  for (const char* name : {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location"}) {
    const auto found = properties.find(name);
    if (found == properties.end()) continue;
    const std::string& file = found->second;
    if (access(file.c_str(), R_OK) == 0) continue;
    return fmt::format("the file {} cannot be read: {}", file, std::strerror(errno));
  }
  return std::nullopt;
}

/// Of a broker that does not answer librdkafka says now that, then that it is too old.
bool is_timeout(const std::string& reason) {
  return reason.find("imed out") != std::string::npos;
}

/// A certificate that is refused may be told as a mere break of the connection.
Code meant(Code code, const std::string& reason) {
  const bool refused = reason.find("certificate verify failed") != std::string::npos;
  return refused ? RD_KAFKA_RESP_ERR__SSL : code;
}

/// Without what changes from one time to the next: " (after 3ms in state CONNECT)".
std::string stable(const std::string& reason) {
  return reason.substr(0, reason.find(" (after "));
}

}  // namespace

class Handle::Impl {
 public:
  struct Trouble {
    Code code;
    std::string reason;
  };

  Error failure(Code code, const char* doing, const Deadline& deadline) {
    hear();
    const bool silence = is_silence(code);
    if (silence && trouble) {
      return {error_kind(trouble->code), fmt::format("{} (while {})", trouble->reason, doing)};
    }
    if (silence) {
      return {ErrorKind::unavailable,
              fmt::format("no answer from {} within {} while {}: the broker is overloaded, frozen "
                          "or cannot be reached",
                          brokers, format_duration(deadline.timeout), doing)};
    }
    return {error_kind(code),
            fmt::format("{} answered while {}: {}", brokers, doing, rd_kafka_err2str(code))};
  }

  Error topic_error(const rd_kafka_metadata_topic_t& topic) const {
    const auto kind = error_kind(topic.err);
    if (kind == ErrorKind::not_found) {
      return {kind, fmt::format("there is no topic {} on {}", topic.topic, brokers)};
    }
    return {kind,
            fmt::format("topic {} on {}: {}", topic.topic, brokers, rd_kafka_err2str(topic.err))};
  }

  Error no_offset(const Partition& partition) const {
    return {ErrorKind::malformed,
            fmt::format("{} tells no end of {}", brokers, to_string(partition))};
  }

  /// Runs error_cb for what has come in.
  void hear() { rd_kafka_poll(rk.get(), 0); }

  /// A group that may not be described has no coordinator that could be asked. Only the consumer's
  /// queue says so, once; whoever asks waits until the deadline.
  Code refusal_or(Code silence) {
    while (const Owner<rd_kafka_message_t> message{rd_kafka_consumer_poll(rk.get(), 0)}) {
      if (error_kind(message->err) == ErrorKind::rejected) return message->err;
    }
    return silence;
  }

  /// Asks in slices, as a refusal does not end the call: it costs one. Each is twice as long as the
  /// one before, so that a slow answer comes within one of them, too.
  Code ask_committed(rd_kafka_topic_partition_list_t* list, const Deadline& deadline) {
    Code code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (Duration slice = kFirstSlice; is_silence(code);
         slice = std::min(slice * 2, deadline.timeout)) {
      const Duration left = deadline.at - BootClock::now();
      if (left <= Duration::zero()) break;
      code = insist(Deadline(std::min(slice, left)),
                    [&](int ms) { return rd_kafka_committed(rk.get(), list, ms); });
      if (is_silence(code)) code = refusal_or(code);
    }
    return code;
  }

  void succeeded() {
    hear();
    trouble.reset();
  }

  /// librdkafka asks for the topics it has an object of.
  void know_topics(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      if (known.contains(name)) continue;
      known.emplace(name, rd_kafka_topic_new(rk.get(), name.c_str(), nullptr));
    }
  }

  std::string brokers;
  std::optional<Trouble> trouble;
  Owner<rd_kafka_t> rk;
  std::map<std::string, Owner<rd_kafka_topic_t>> known;  // goes before rk
};

Handle::Handle(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Handle::~Handle() = default;

Result<std::unique_ptr<Handle>> Handle::open(const Properties& properties) {
  char words[512] = "";
  auto impl = std::make_unique<Impl>();
  impl->brokers = properties.at("bootstrap.servers");
  Owner<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), words, sizeof words) ==
        RD_KAFKA_CONF_OK)
      continue;
    return Error{ErrorKind::rejected,
                 fmt::format("librdkafka does not take the property {}: {}", name, words)};
  }
  rd_kafka_conf_set_opaque(conf.get(), impl.get());
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    // Which says nothing that the brokers' own troubles do not.
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    auto& trouble = static_cast<Impl*>(self)->trouble;
    if (is_timeout(reason)) {
      trouble.reset();
    } else {
      trouble = {meant(static_cast<Code>(code), reason), stable(reason)};
    }
  });
  impl->rk.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), words, sizeof words));
  if (!impl->rk) {
    return Error{ErrorKind::rejected,
                 fmt::format("cannot make a connection to {}: {}", impl->brokers,
                             unreadable_file(properties).value_or(words))};
  }
  conf.release();  // NOLINT: rd_kafka_new took it
  return std::unique_ptr<Handle>(new Handle(std::move(impl)));
}

Result<std::map<std::string, Result<Leaders>>> Handle::topics(const std::vector<std::string>& names,
                                                              const Deadline& deadline) {
  constexpr const char* doing = "listing partitions";
  impl_->know_topics(names);
  Owner<const rd_kafka_metadata_t> metadata;
  const Code code = insist(deadline, [&](int left) {
    const rd_kafka_metadata_t* answer = nullptr;
    const Code error = rd_kafka_metadata(impl_->rk.get(), 0, nullptr, &answer, left);
    metadata.reset(answer);
    return error;
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return impl_->failure(code, doing, deadline);
  impl_->succeeded();
  std::map<std::string, Result<Leaders>> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      topics.emplace(topic.topic, impl_->topic_error(topic));
      continue;
    }
    Leaders leaders(static_cast<std::size_t>(topic.partition_cnt), -1);
    for (int p = 0; p < topic.partition_cnt; ++p) {
      const auto& partition = topic.partitions[p];
      const auto number = static_cast<std::size_t>(partition.id);
      if (number < leaders.size()) leaders[number] = partition.leader;
    }
    topics.emplace(topic.topic, std::move(leaders));
  }
  return topics;
}

LogOffsets Handle::log_offsets(const std::vector<Partition>& partitions, LogEnd which,
                               const Deadline& deadline) {
  constexpr const char* doing = "asking for the ends of logs";
  const auto asked = which == LogEnd::start ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
  const List list = make_list(partitions);
  const Code code = insist(deadline, [&](int left) {
    for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = asked;
    return rd_kafka_offsets_for_times(impl_->rk.get(), list.get(), left);
  });
  LogOffsets offsets;
  // First of all: without an answer the elements hold what was asked, and no error.
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const Error error = impl_->failure(code, doing, deadline);
    for (const Partition& partition : partitions) offsets.emplace(partition, error);
    return offsets;
  }
  impl_->succeeded();
  for (int i = 0; i < list->cnt; ++i) {
    const auto& element = list->elems[i];
    const Partition partition{element.topic, element.partition};
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      offsets.emplace(partition, impl_->failure(element.err, doing, deadline));
    } else if (element.offset < 0) {
      offsets.emplace(partition, impl_->no_offset(partition));
    } else {
      offsets.emplace(partition, element.offset);
    }
  }
  return offsets;
}

Result<Positions> Handle::committed(const std::vector<Partition>& partitions,
                                    const Deadline& deadline) {
  constexpr const char* doing = "asking for committed offsets";
  const List list = make_list(partitions);
  const Code code = impl_->ask_committed(list.get(), deadline);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return impl_->failure(code, doing, deadline);
  impl_->succeeded();
  Positions positions;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& element = list->elems[i];
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return impl_->failure(element.err, doing, deadline);
    }
    if (element.offset >= 0) positions[{element.topic, element.partition}] = element.offset;
  }
  return positions;
}

std::map<Partition, Result<FirstRecord>> Handle::first_records(const Positions& positions,
                                                               const Deadline& deadline) {
  constexpr const char* doing = "reading the first waiting record";
  std::map<Partition, Result<FirstRecord>> found;
  const List list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const auto& [partition, offset] : positions) {
    auto* element =
        rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number);
    element->offset = offset;
  }
  const Code code = rd_kafka_assign(impl_->rk.get(), list.get());
  while (code == RD_KAFKA_RESP_ERR_NO_ERROR && found.size() < positions.size()) {
    const int left = milliseconds_left(deadline);
    if (left == 0) break;
    const Owner<rd_kafka_message_t> message(rd_kafka_consumer_poll(impl_->rk.get(), left));
    if (!message || message->rkt == nullptr) continue;
    const Partition partition{rd_kafka_topic_name(message->rkt), message->partition};
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
      const auto timestamp = rd_kafka_message_timestamp(message.get(), &type);
      found.emplace(partition, FirstRecord{message->offset, timestamp});
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      found.emplace(partition, FirstRecord{message->offset, std::nullopt});
    } else {
      found.emplace(partition, impl_->failure(message->err, doing, deadline));
    }
  }
  rd_kafka_assign(impl_->rk.get(), nullptr);
  if (found.size() == positions.size()) impl_->succeeded();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return found;
  for (const auto& [partition, offset] : positions) {
    found.emplace(partition, impl_->failure(code, doing, deadline));
  }
  return found;
}

}  // namespace jobscaler::kafka
