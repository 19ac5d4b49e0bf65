#include "rabbitmq/depth_reader.h"

#include <amqp.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>

namespace jobscaler::rabbitmq {
namespace {

constexpr int kChannel = 1;
constexpr std::size_t kLongestName = 255;

// Requests that may be unanswered at once. What is unanswered must fit into the socket's buffers,
// or a frozen broker would block the send (rabbitmq-c's sends have no deadline).
constexpr std::size_t kUnansweredBytes = std::size_t{24} * 1024;
constexpr std::size_t kRequestBytes = 32;  // besides the name
constexpr std::size_t kSmallestWindow = 8;

std::string to_string(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

std::optional<Error> unusable_name(const std::string& queue) {
  if (queue.empty()) return Error{ErrorKind::rejected, "the queue's name is empty"};
  if (queue.size() <= kLongestName) return std::nullopt;
  return Error{ErrorKind::rejected,
               fmt::format("the queue's name has {} bytes, AMQP allows 255", queue.size())};
}

class Exchange {
 public:
  Exchange(AmqpConnection& connection, const std::vector<std::string>& queues,
           const std::function<void(std::size_t, Result<Depth>)>& on_answer)
      : connection_(connection), queues_(queues), on_answer_(on_answer) {}

  Result<bool> run() {
    while (next_ < queues_.size() || !unanswered_.empty()) {
      if (auto sent = send_more(); !sent) return sent;
      if (unanswered_.empty()) continue;
      if (auto taken = take_answer(); !taken) return taken;
    }
    return true;
  }

 private:
  struct Request {
    std::size_t index;
    TimePoint asked;
  };

  Result<bool> send_more() {
    while (next_ < queues_.size() && unanswered_.size() < window_) {
      const std::string& queue = queues_[next_];
      const std::size_t size = queue.size() + kRequestBytes;
      if (!unanswered_.empty() && unanswered_bytes_ + size > kUnansweredBytes) break;
      if (auto error = unusable_name(queue)) {
        if (!unanswered_.empty()) break;  // answers stay in order
        on_answer_(next_++, *error);
        continue;
      }
      if (auto sent = send(queue); !sent) return sent;
      unanswered_bytes_ += size;
      ++next_;
    }
    return true;
  }

  Result<bool> send(const std::string& queue) {
    amqp_queue_declare_t declare{};
    declare.queue = {queue.size(), const_cast<char*>(queue.data())};
    declare.passive = 1;
    unanswered_.push_back({next_, BootClock::now()});
    const int status =
        amqp_send_method(connection_.handle(), kChannel, AMQP_QUEUE_DECLARE_METHOD, &declare);
    if (status != AMQP_STATUS_OK)
      return connection_.status_error(status, "asking for queue depths");
    return true;
  }

  Result<bool> take_answer() {
    amqp_frame_t frame{};
    const auto us = std::chrono::ceil<std::chrono::microseconds>(connection_.settings().timeout);
    timeval timeout{us.count() / 1'000'000, us.count() % 1'000'000};
    const int status = amqp_simple_wait_frame_noblock(connection_.handle(), &frame, &timeout);
    if (status != AMQP_STATUS_OK) return connection_.status_error(status, "reading queue depths");
    if (frame.frame_type != AMQP_FRAME_METHOD) return true;
    auto handled = handle(frame.payload.method);
    amqp_maybe_release_buffers(connection_.handle());
    return handled;
  }

  Result<bool> handle(const amqp_method_t& method) {
    switch (method.id) {
      case AMQP_QUEUE_DECLARE_OK_METHOD: {
        const auto& ok = *static_cast<const amqp_queue_declare_ok_t*>(method.decoded);
        const Request request = pop();
        on_answer_(request.index,
                   Depth{ok.message_count, ok.consumer_count, request.asked, BootClock::now()});
        ++window_;
        return true;
      }
      case AMQP_CHANNEL_CLOSE_METHOD: {
        const auto& close = *static_cast<const amqp_channel_close_t*>(method.decoded);
        return refused(close.reply_code, to_string(close.reply_text));
      }
      case AMQP_CONNECTION_CLOSE_METHOD: {
        const auto& close = *static_cast<const amqp_connection_close_t*>(method.decoded);
        return connection_.close_error(close.reply_code, to_string(close.reply_text));
      }
      default:
        return Error{ErrorKind::malformed, fmt::format("{} sent an unexpected method {:#x}",
                                                       connection_.peer(), method.id)};
    }
  }

  // The broker closes the channel over the first queue it does not like and silently drops the
  // requests behind it: they are sent again. Fewer at once, lest many missing queues cost many
  // repeats each.
  Result<bool> refused(int code, const std::string& text) {
    const Request request = pop();
    unanswered_.clear();
    unanswered_bytes_ = 0;
    next_ = request.index + 1;
    window_ = std::max(kSmallestWindow, window_ / 2);
    on_answer_(request.index,
               queue_error(queues_[request.index], connection_.settings(), code, text));
    return connection_.reopen_channel();
  }

  Request pop() {
    const Request request = unanswered_.front();
    unanswered_.pop_front();
    unanswered_bytes_ -= queues_[request.index].size() + kRequestBytes;
    return request;
  }

  AmqpConnection& connection_;
  const std::vector<std::string>& queues_;
  const std::function<void(std::size_t, Result<Depth>)>& on_answer_;
  std::size_t next_ = 0;
  std::size_t window_ = 512;
  std::deque<Request> unanswered_;
  std::size_t unanswered_bytes_ = 0;
};

}  // namespace

Result<bool> read_depths(AmqpConnection& connection, const std::vector<std::string>& queues,
                         const std::function<void(std::size_t, Result<Depth>)>& on_answer) {
  return Exchange(connection, queues, on_answer).run();
}

Error queue_error(const std::string& queue, const RabbitmqConnection& settings, int code,
                  const std::string& text) {
  const std::string words = fmt::format("{} {}", code, text);
  // 404 is also said of queues that exist: "... due to timeout", "home node ... is down".
  if (code == 404 && text.find("no queue '") != std::string::npos) {
    return {
        ErrorKind::not_found,
        fmt::format("queue '{}' does not exist in vhost '{}': create it, or correct the scaler's "
                    "queue",
                    queue, settings.vhost)};
  }
  if (code == 403) {
    return {
        ErrorKind::rejected,
        fmt::format("user '{}' may not look at queue '{}' ({}): give the user permissions on it",
                    settings.username, queue, words)};
  }
  if (code == 405) {
    return {
        ErrorKind::rejected,
        fmt::format("queue '{}' is exclusive to another connection ({}): its depth cannot be read",
                    queue, words)};
  }
  return {ErrorKind::unavailable,
          fmt::format("queue '{}' cannot be read right now ({})", queue, words)};
}

}  // namespace jobscaler::rabbitmq
