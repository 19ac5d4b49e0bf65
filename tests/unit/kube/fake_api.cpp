#include "fake_api.h"

#include <fmt/format.h>

namespace jobscaler::test {
namespace {

constexpr auto kDate = "Date: Thu, 29 Feb 2024 12:34:56 GMT\r\n";

std::optional<Call> parse_call(const std::optional<std::string>& request) {
  if (!request) return std::nullopt;
  const auto method_end = request->find(' ');
  const auto path_end = request->find(' ', method_end + 1);
  const auto head_end = request->find("\r\n\r\n");
  return Call{request->substr(0, method_end),
              request->substr(method_end + 1, path_end - method_end - 1),
              request->substr(head_end + 4), request->substr(0, head_end)};
}

bool matches(const Call& call, const std::string& method, const std::string& path) {
  return call.method == method && call.path.rfind(path, 0) == 0;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

Answer reply(int status, const std::string& body, const std::string& headers) {
  return {status, body, headers};
}

Answer status_reply(int status, const std::string& reason, const std::string& message,
                    const std::string& headers) {
  return {status,
          fmt::format(R"({{"kind": "Status", "code": {}, "reason": "{}", "message": "{}"}})",
                      status, reason, message),
          headers};
}

Answer held(Answer answer) {
  answer.way = Answer::Way::held;
  return answer;
}

FakeApi::FakeApi()
    : peer_(std::make_unique<ScriptedPeer>([this](Connection& connection) { serve(connection); })) {
  folder_.write("config", fmt::format("current-context: m\n"
                                      "contexts: [{{name: m, context: {{cluster: c, user: u, "
                                      "namespace: workers}}}}]\n"
                                      "clusters: [{{name: c, cluster: {{server: '{}'}}}}]\n"
                                      "users: [{{name: u, user: {{token: abc}}}}]\n",
                                      peer_->url()));
}

FakeApi::~FakeApi() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  peer_.reset();
}

KubernetesConfig FakeApi::config() const {
  KubernetesConfig config;
  config.kubeconfig = folder_.path("config");
  config.timeout = std::chrono::seconds(20);
  return config;
}

void FakeApi::on(const std::string& method, const std::string& path, std::vector<Answer> answers) {
  const std::lock_guard lock(mutex_);
  std::erase_if(scripts_, [&](const auto& script) {
    return script.first.method == method && script.first.path == path;
  });
  if (answers.empty()) return;
  scripts_.emplace_back(Call{method, path, "", ""}, std::move(answers));
}

void FakeApi::push(const std::string& resource, const std::string& line) {
  const std::lock_guard lock(mutex_);
  pushed_[resource].push_back(line);
  changed_.notify_all();
}

void FakeApi::let_go() {
  const std::lock_guard lock(mutex_);
  let_go_ = true;
  changed_.notify_all();
}

void FakeApi::cut_watches() {
  const std::lock_guard lock(mutex_);
  ++cuts_;
  changed_.notify_all();
}

std::vector<Call> FakeApi::calls(const std::string& method, const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::vector<Call> found;
  for (const auto& call : calls_) {
    if (matches(call, method, path)) found.push_back(call);
  }
  return found;
}

bool FakeApi::has_calls(const std::string& method, const std::string& path, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
    return static_cast<std::size_t>(std::count_if(calls_.begin(), calls_.end(), [&](const auto& c) {
             return matches(c, method, path);
           })) >= count;
  });
}

void FakeApi::serve(Connection& connection) {
  while (const auto call = parse_call(connection.read_request())) {
    const auto* resource = contains(call->path, "/pods") ? "pods" : "jobs";
    const bool watches = contains(call->path, "watch=true");
    int number = 0;
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(*call);
      if (watches) number = ++watches_[resource];
      changed_.notify_all();
    }
    const auto script = scripted(*call);
    if (!script && watches) return watch(connection, resource, number);
    const auto answer = script ? *script : ordinary(*call);
    if (answer.way == Answer::Way::drop) return;
    if (answer.way == Answer::Way::hang) return connection.wait_for_close();
    if (answer.way == Answer::Way::held) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return closing_ || let_go_; });
    }
    connection.answer(answer.status, answer.body, kDate + answer.headers);
  }
}

std::optional<Answer> FakeApi::scripted(const Call& call) {
  const std::lock_guard lock(mutex_);
  for (auto& [pattern, answers] : scripts_) {
    if (!matches(call, pattern.method, pattern.path)) continue;
    const auto answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    return answer;
  }
  return std::nullopt;
}

Answer FakeApi::ordinary(const Call& call) {
  if (contains(call.path, "/leases/"))
    return reply(200, R"({"kind": "Lease", "metadata": {"resourceVersion": "1"}})");
  if (call.method == "GET" && contains(call.path, "labelSelector")) {
    return reply(200, R"({"metadata": {"resourceVersion": "100"}, "items": []})");
  }
  if (contains(call.path, "dryRun=All")) return reply(201, "{}");
  if (contains(call.path, "/selfsubjectaccessreviews")) {
    return reply(201, R"({"status": {"allowed": true}})");
  }
  return status_reply(404, "NotFound", "not found");
}

void FakeApi::watch(Connection& connection, const std::string& resource, int number) {
  connection.write(fmt::format("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n", kDate));
  std::unique_lock lock(mutex_);
  const int cuts = cuts_;
  const auto is_over = [&] { return closing_ || cuts != cuts_ || number != watches_[resource]; };
  while (true) {
    auto& lines = pushed_[resource];
    changed_.wait(lock, [&] { return is_over() || !lines.empty(); });
    if (is_over()) return;
    const auto line = lines.front();
    lines.erase(lines.begin());
    lock.unlock();
    connection.chunk(line + "\n");
    lock.lock();
  }
}

void RecordingOutbox::post(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  changed_.notify_all();
}

void RecordingOutbox::post(Note note) {
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(note));
  changed_.notify_all();
}

bool RecordingOutbox::noted(const std::string& part) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
    return std::any_of(notes_.begin(), notes_.end(),
                       [&](const Note& note) { return contains(note.text, part); });
  });
}

std::vector<Event> RecordingOutbox::events() {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<Note> RecordingOutbox::notes() {
  const std::lock_guard lock(mutex_);
  return notes_;
}

std::vector<NodeGroupConfig> one_group() {
  NodeGroupConfig group;
  group.spec.name = "pool";
  return {group};
}

ScalerConfig scaler_called(const std::string& name) {
  ScalerConfig scaler;
  scaler.spec.name = name;
  scaler.spec.node_groups = {"pool"};
  scaler.job_spec_json =
      R"({"template": {"spec": {"containers": [{"name": "worker", "image": "i"}]}}})";
  return scaler;
}

std::string job_json(const std::string& scaler, int number, const std::string& uid,
                     const std::string& status) {
  return fmt::format(
      R"({{"metadata": {{"name": "{0}-{1}", "uid": "{2}", "resourceVersion": "101",
          "creationTimestamp": "2024-02-29T12:34:00Z", "labels": {{
            "app.kubernetes.io/managed-by": "jobscaler", "jobscaler.io/instance": "jobscaler",
            "jobscaler.io/scaler": "{0}", "jobscaler.io/number": "{1}",
            "jobscaler.io/node-group": "pool"}}}}, "status": {3}}})",
      scaler, number, uid, status);
}

std::string pod_json(const std::string& uid, const std::string& owner, const std::string& status) {
  return fmt::format(
      R"({{"metadata": {{"name": "pod-{0}", "uid": "{0}", "resourceVersion": "102",
          "creationTimestamp": "2024-02-29T12:34:01Z",
          "ownerReferences": [{{"controller": true, "uid": "{1}"}}]}}, "status": {2}}})",
      uid, owner, status);
}

std::string event_line(const std::string& type, const std::string& object) {
  auto line = fmt::format(R"({{"type": "{}", "object": {}}})", type, object);
  std::erase(line, '\n');
  return line;
}

}  // namespace jobscaler::test
