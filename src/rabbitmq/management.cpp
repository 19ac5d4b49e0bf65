#include "rabbitmq/management.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "http/client.h"
#include "rabbitmq/statistics_interval.h"

namespace jobscaler::rabbitmq {
namespace {

constexpr std::size_t kAtATime = 8;
constexpr std::size_t kListingFrom = 200;
constexpr Duration kSpacing = std::chrono::seconds(1);
constexpr Duration kListingSpacing = std::chrono::seconds(5);

using Uptimes = std::map<std::string, std::int64_t>;

const std::string kNodesPath = std::string("/api/nodes?") + kNodeColumns;

std::string base64(const std::string& text) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
    };
    const unsigned bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (int shift = 18; shift >= 0; shift -= 6) out += kDigits[bits >> shift & 63];
  }
  const std::size_t padding = (3 - text.size() % 3) % 3;
  return out.replace(out.size() - padding, padding, padding, '=');
}

std::string queue_text(const std::string& queue) {
  return fmt::format("queue '{}'", queue);
}

/// Nobody answered, or the user is not let in: the next question will fare no better.
bool fails_for_all(const Result<http::Response>& response) {
  return !response || response->status == 401;
}

Error transport_error(const Error& error) {
  return {error.kind, fmt::format("management API {}", error.message)};
}

http::TlsFiles tls_files(const TlsConfig& tls) {
  return {tls.ca_file, tls.certificate_file, tls.key_file, tls.verify};
}

}  // namespace

class Management::Impl {
 public:
  explicit Impl(const RabbitmqConnection& settings)
      : settings_(settings),
        client_(*settings.management, tls_files(settings.tls), settings.timeout) {}

  void request(const std::vector<std::string>& queues) {
    const auto now = BootClock::now();
    ask_nodes(now);
    const std::set<std::string> distinct(queues.begin(), queues.end());
    if (distinct.size() > kListingFrom) {
      list(distinct, now);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      for (const auto& queue : distinct) {
        const auto before = asked_at_.find(queue);
        if (before != asked_at_.end() && now - before->second < kSpacing) continue;
        if (under_way_.insert(queue).second) to_ask_.push_back(queue);
      }
    }
    ask_more();
  }

  std::vector<StatsAnswer> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
  }

  Result<StatsSample> read(const std::string& queue) {
    auto request = request_for(queue_path(queue));
    if (!request) return request.error();
    const auto asked = BootClock::now();
    return sample_from(client_.send(*request), queue, asked);
  }

  Result<bool> probe() {
    auto request = request_for(kNodesPath);
    if (!request) return request.error();
    auto uptimes = uptimes_from(client_.send(*request));
    if (!uptimes) return uptimes.error();
    return true;
  }

  void stop() { client_.stop(); }

 private:
  std::string queues_path() const {
    return "/api/queues/" + http::encode_uri_component(settings_.vhost);
  }
  std::string queue_path(const std::string& queue) const {
    return fmt::format("{}/{}?{}", queues_path(), http::encode_uri_component(queue), kQueueColumns);
  }

  Result<http::Request> request_for(const std::string& path) const {
    std::string password = "guest";
    if (settings_.password.origin != Secret::Origin::none) {
      auto secret = read_secret(settings_.password);
      if (!secret) return secret.error();
      password = *secret;
    }
    http::Request request;
    request.path = path;
    request.headers.emplace_back("Authorization",
                                 "Basic " + base64(settings_.username + ":" + password));
    return request;
  }

  /// Starts as many of the waiting requests as may run at once.
  void ask_more() {
    for (;;) {
      std::string queue;
      {
        const std::lock_guard lock(mutex_);
        if (to_ask_.empty() || running_ >= kAtATime) return;
        queue = std::move(to_ask_.front());
        to_ask_.pop_front();
        ++running_;
      }
      const auto asked = BootClock::now();
      auto request = request_for(queue_path(queue));
      if (!request) {
        answered({queue, request.error(), true}, asked);
        continue;
      }
      client_.send_async(*request, [this, queue, asked](const Result<http::Response>& response) {
        answered({queue, sample_from(response, queue, asked), fails_for_all(response)}, asked);
        ask_more();
      });
    }
  }

  void answered(StatsAnswer answer, TimePoint asked) {
    const std::lock_guard lock(mutex_);
    --running_;
    under_way_.erase(answer.queue);
    asked_at_[answer.queue] = asked;
    if (answer.sample) answer.sample->interval = interval_.longest();
    answers_.push_back(std::move(answer));
  }

  void ask_nodes(TimePoint now) {
    {
      const std::lock_guard lock(mutex_);
      const Duration spacing = interval_.longest() ? kListingSpacing : kSpacing;
      if (asking_nodes_ || (nodes_asked_ && now - *nodes_asked_ < spacing)) return;
      asking_nodes_ = true;
      nodes_asked_ = now;
    }
    auto request = request_for(kNodesPath);
    if (!request) {
      nodes_answered(request.error());
      return;
    }
    client_.send_async(*request, [this](const Result<http::Response>& response) {
      nodes_answered(uptimes_from(response));
    });
  }

  void nodes_answered(const Result<Uptimes>& uptimes) {
    const std::lock_guard lock(mutex_);
    asking_nodes_ = false;
    if (!uptimes) {
      answers_.push_back({"", uptimes.error(), true});
      return;
    }
    interval_.take(*uptimes);
    answers_.push_back({"", StatsSample{}});
  }

  void list(const std::set<std::string>& queues, TimePoint now) {
    {
      const std::lock_guard lock(mutex_);
      if (listing_ || (listed_at_ && now - *listed_at_ < kListingSpacing)) return;
      listing_ = true;
      listed_at_ = now;
    }
    auto request = request_for(fmt::format("{}?{}", queues_path(), kQueueColumns));
    if (!request) {
      listed(queues, request.error());
      return;
    }
    client_.send_async(*request, [this, queues, now](const Result<http::Response>& response) {
      listed(queues, samples_from(response, now));
    });
  }

  void listed(const std::set<std::string>& queues,
              const Result<std::map<std::string, StatsSample>>& samples) {
    const std::lock_guard lock(mutex_);
    listing_ = false;
    for (const auto& queue : queues) {
      if (!samples) {
        answers_.push_back({queue, samples.error(), true});
      } else if (const auto found = samples->find(queue); found != samples->end()) {
        answers_.push_back({queue, found->second});
        answers_.back().sample->interval = interval_.longest();
      } else {
        answers_.push_back({queue, management_error(settings_, 404, queue_text(queue))});
      }
    }
  }

  Result<StatsSample> sample_from(const Result<http::Response>& response, const std::string& queue,
                                  TimePoint asked) const {
    if (!response) return transport_error(response.error());
    if (response->status != 200) {
      return management_error(settings_, response->status, queue_text(queue));
    }
    auto stats = parse_queue(response->body);
    if (!stats) return malformed(stats.error());
    return StatsSample{*stats, asked, BootClock::now(), std::nullopt};
  }

  Result<std::map<std::string, StatsSample>> samples_from(const Result<http::Response>& response,
                                                          TimePoint asked) const {
    if (!response) return transport_error(response.error());
    if (response->status != 200) {
      return management_error(settings_, response->status,
                              fmt::format("vhost '{}'", settings_.vhost));
    }
    auto list = parse_queue_list(response->body);
    if (!list) return malformed(list.error());
    std::map<std::string, StatsSample> samples;
    for (const auto& [queue, stats] : *list) {
      samples[queue] = {stats, asked, BootClock::now(), std::nullopt};
    }
    return samples;
  }

  Result<Uptimes> uptimes_from(const Result<http::Response>& response) const {
    if (!response) return transport_error(response.error());
    if (response->status == 401) return management_error(settings_, 401, "");
    if (response->status != 200) {
      return Error{ErrorKind::unavailable,
                   fmt::format("management API {} answered {} to a question about its nodes: is it "
                               "RabbitMQ's?",
                               *settings_.management, response->status)};
    }
    auto uptimes = parse_uptimes(response->body);
    if (!uptimes) return malformed(uptimes.error());
    return uptimes;
  }

  Error malformed(const Error& error) const {
    return {error.kind, fmt::format("management API {}: {}", *settings_.management, error.message)};
  }

  const RabbitmqConnection settings_;
  std::mutex mutex_;
  std::deque<std::string> to_ask_;
  std::set<std::string> under_way_;  // to be asked or asked, without an answer
  std::map<std::string, TimePoint> asked_at_;
  std::size_t running_ = 0;
  bool listing_ = false;
  std::optional<TimePoint> listed_at_;
  bool asking_nodes_ = false;
  std::optional<TimePoint> nodes_asked_;
  StatisticsInterval interval_;
  std::vector<StatsAnswer> answers_;
  http::Client client_;  // last: its destructor waits for the callbacks, which use the rest
};

Management::Management(const RabbitmqConnection& settings)
    : impl_(std::make_unique<Impl>(settings)) {}
Management::~Management() = default;
void Management::request(const std::vector<std::string>& queues) {
  impl_->request(queues);
}
std::vector<StatsAnswer> Management::take() {
  return impl_->take();
}
Result<StatsSample> Management::read(const std::string& queue) {
  return impl_->read(queue);
}
Result<bool> Management::probe() {
  return impl_->probe();
}
void Management::stop() {
  impl_->stop();
}

Error management_error(const RabbitmqConnection& settings, int status, const std::string& what) {
  const std::string& url = *settings.management;
  switch (status) {
    case 401:
      return {ErrorKind::rejected,
              fmt::format("management API {} does not accept user '{}' (401): check user name and "
                          "password, and give the user the tag 'monitoring'",
                          url, settings.username)};
    case 403:
      return {ErrorKind::rejected,
              fmt::format("management API {} does not let user '{}' look at {} (403)", url,
                          settings.username, what)};
    case 404:
      return {
          ErrorKind::not_found,
          fmt::format("management API {} knows no {} in vhost '{}' (404): is it the same broker's?",
                      url, what, settings.vhost)};
    default:
      return {
          ErrorKind::unavailable,
          fmt::format("management API {} answered {} to a question about {}", url, status, what)};
  }
}

}  // namespace jobscaler::rabbitmq
