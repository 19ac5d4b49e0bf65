#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "http/certificates.h"
#include "http/scripted_peer.h"
#include "jobscaler/ports.h"

namespace jobscaler::test {

struct Call {
  std::string method;
  std::string path;  ///< with query
  std::string body;
  std::string head;
};

struct Answer {
  enum class Way { reply, drop, hang, held };
  int status = 200;
  std::string body;
  std::string headers;   ///< further ones, each with its \r\n
  Way way = Way::reply;  ///< drop: closes without answering; hang: never answers; held: let_go()
};

Answer reply(int status, const std::string& body = "", const std::string& headers = "");
Answer status_reply(int status, const std::string& reason, const std::string& message,
                    const std::string& headers = "");
inline Answer drop() {
  return {0, "", "", Answer::Way::drop};
}
Answer held(Answer answer);
inline Answer hang() {
  return {0, "", "", Answer::Way::hang};
}

/// The API server as far as one test scripts it, on a real socket. What is not scripted: empty
/// lists of Jobs and Pods, watches that stay silent until something is pushed, a Lease without
/// marks, dry runs that are accepted, permissions that are granted. Every answer carries the same
/// Date header.
class FakeApi {
 public:
  FakeApi();
  ~FakeApi();

  /// The answers to requests of this method whose path starts so, in order; the last one stays.
  /// None: as if they had never been scripted.
  void on(const std::string& method, const std::string& path, std::vector<Answer> answers);

  /// Writes a line to the last watch of "jobs" or "pods", as soon as there is one.
  void push(const std::string& resource, const std::string& line);

  /// Answers that are held, now or later, are given.
  void let_go();

  /// Ends the watches that are open without the last chunk.
  void cut_watches();

  /// Requests so far of this method whose path starts so.
  std::vector<Call> calls(const std::string& method, const std::string& path);
  bool has_calls(const std::string& method, const std::string& path, std::size_t count);

  /// A configuration whose kubeconfig names this server.
  KubernetesConfig config() const;

 private:
  void serve(Connection& connection);
  std::optional<Answer> scripted(const Call& call);
  Answer ordinary(const Call& call);
  void watch(Connection& connection, const std::string& resource, int number);

  TemporaryFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;
  bool let_go_ = false;
  int cuts_ = 0;
  std::map<std::string, std::vector<std::string>> pushed_;  // by resource
  std::map<std::string, int> watches_;                      // so far, by resource
  std::vector<std::pair<Call, std::vector<Answer>>> scripts_;
  std::vector<Call> calls_;
  std::unique_ptr<ScriptedPeer> peer_;  // last: its threads use the rest
};

/// Keeps what is posted; tests wait for it.
class RecordingOutbox : public Outbox {
 public:
  void post(Event event) override;
  void post(Note note) override;

  /// The first event that `matches` (earlier ones are dropped); absent after 30 s.
  template <typename T>
  std::optional<T> next(std::function<bool(const T&)> matches = [](const T&) { return true; }) {
    std::unique_lock lock(mutex_);
    std::optional<T> found;
    changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      while (!found && position_ < events_.size()) {
        const auto* event = std::get_if<T>(&events_[position_++]);
        if (event != nullptr && matches(*event)) found = *event;
      }
      return found.has_value();
    });
    return found;
  }

  /// Whether a note with this text comes within 30 s.
  bool noted(const std::string& part);
  std::vector<Event> events();
  std::vector<Note> notes();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::size_t position_ = 0;
  std::vector<Note> notes_;
};

/// One node group "pool" and a scaler in it.
std::vector<NodeGroupConfig> one_group();
ScalerConfig scaler_called(const std::string& name);

/// A Job as the API server returns it, of instance "jobscaler".
std::string job_json(const std::string& scaler, int number, const std::string& uid,
                     const std::string& status = "{}");
std::string pod_json(const std::string& uid, const std::string& owner,
                     const std::string& status = "{}");
std::string event_line(const std::string& type, const std::string& object);

}  // namespace jobscaler::test
