#include "target.h"

#include <cpprest/json.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kube_suite {

namespace http = jobscaler::http;
namespace fs = std::filesystem;

namespace {

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr auto kPatience = std::chrono::seconds(120);
constexpr auto kPause = std::chrono::milliseconds(20);

/// cpprestsdk's pool can be sized only before its first use.
const bool kPoolIsSmall = (http::initialize_thread_pool(4), true);

std::string decode_base64(const std::string& text) {
  std::string decoded(text.size(), '\0');
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  auto* to = reinterpret_cast<unsigned char*>(decoded.data());
  const int size = EVP_DecodeBlock(to, from, static_cast<int>(text.size()));
  if (size < 0) throw std::runtime_error("certificate-authority-data is not base64");
  decoded.resize(static_cast<std::size_t>(size));
  while (!decoded.empty() && decoded.back() == '\0') decoded.pop_back();
  return decoded;
}

class Directory {
 public:
  Directory() : path_((fs::temp_directory_path() / "kube-suite-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary directory");
  }
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = (fs::path(path_) / name).string();
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::string path_;
};

}  // namespace

Json Answer::json() const {
  return Json::parse(body);
}

std::string Answer::text(const std::string& path) const {
  Json at = json();
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto key = path.substr(begin, end - begin);
    if (at.is_object() && at.has_field(key)) {
      at = Json(at.at(key));
    } else if (at.is_array() && !key.empty() && std::stoul(key) < at.size()) {
      at = Json(at.at(std::stoul(key)));
    } else {
      return "";
    }
    begin = end + 1;
  }
  return at.is_string() ? at.as_string() : at.serialize();
}

struct Target::Impl {
  std::string server;
  std::string token;
  std::string ca;  // PEM file
  std::string kubeconfig;
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::unique_ptr<http::Client> client;

  void connect() {
    http::TlsFiles tls;
    tls.ca = ca;
    client = std::make_unique<http::Client>(server, tls, kTimeout);
  }
};

Target::Target(const std::string& kubeconfig) : impl_(std::make_shared<Impl>()) {
  const auto config = YAML::LoadFile(kubeconfig);
  const auto cluster = config["clusters"][0]["cluster"];
  impl_->kubeconfig = kubeconfig;
  impl_->server = cluster["server"].as<std::string>();
  impl_->token = config["users"][0]["user"]["token"].as<std::string>();
  if (const auto data = cluster["certificate-authority-data"]) {
    impl_->ca = impl_->directory->write("ca.pem", decode_base64(data.as<std::string>()));
  }
  impl_->connect();
}

const std::string& Target::kubeconfig() const {
  return impl_->kubeconfig;
}

std::string Target::kubeconfig_for(const std::string& token) const {
  const auto authority =
      impl_->ca.empty() ? "" : fmt::format(", certificate-authority: {}", impl_->ca);
  const auto text = fmt::format(
      "apiVersion: v1\nkind: Config\n"
      "clusters: [{{name: c, cluster: {{server: \"{}\"{}}}}}]\n"
      "users: [{{name: u, user: {{token: \"{}\"}}}}]\n"
      "contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n",
      impl_->server, authority, token);
  return impl_->directory->write(fmt::format("{}.kubeconfig", std::hash<std::string>()(token)),
                                 text);
}

Target Target::with_token(const std::string& token) const {
  Target other(*this);
  other.impl_ = std::make_shared<Impl>();
  other.impl_->server = impl_->server;
  other.impl_->ca = impl_->ca;
  other.impl_->directory = impl_->directory;
  other.impl_->token = token;
  other.impl_->connect();
  return other;
}

Answer Target::send(http::Request request) const {
  request.headers.emplace_back("Authorization", "Bearer " + impl_->token);
  auto answer = impl_->client->send(std::move(request));
  if (!answer.ok()) FAIL("the API server: " << answer.error().message);
  return {answer->status, answer->body, answer->headers};
}

Answer Target::get(const std::string& path) const {
  return send({"GET", path, "", "", {}});
}

Answer Target::post(const std::string& path, const std::string& body) const {
  return send({"POST", path, body, "application/json", {}});
}

Answer Target::put(const std::string& path, const std::string& body) const {
  return send({"PUT", path, body, "application/json", {}});
}

Answer Target::merge(const std::string& path, const std::string& patch) const {
  return send({"PATCH", path, patch, "application/merge-patch+json", {}});
}

Answer Target::remove(const std::string& path, const std::string& options) const {
  return send({"DELETE", path, options, "application/json", {}});
}

Answer Target::watch(const std::string& path,
                     const std::function<bool(const std::string& line)>& on_line) const {
  http::Request request;
  request.path = path;
  request.headers.emplace_back("Authorization", "Bearer " + impl_->token);
  const auto answer = impl_->client->stream(request, kPatience, on_line);
  if (!answer.ok()) FAIL("watch " << path << ": " << answer.error().message);
  return {answer->status, answer->body, answer->headers};
}

int Target::minor() const {
  return std::atoi(get("/version").text("minor").c_str());
}

const Target& target() {
  const char* kubeconfig = std::getenv("KUBECONFIG");
  if (kubeconfig == nullptr) throw std::runtime_error("KUBECONFIG is not set");
  static const Target target(kubeconfig);
  return target;
}

bool needs(int minor, const std::string& for_what) {
  const int here = target().minor();
  if (here >= minor) return true;
  std::cout << fmt::format("SKIPPED: \"{}\" needs Kubernetes 1.{} ({}); this is 1.{}\n",
                           Catch::getResultCapture().getCurrentTestName(), minor, for_what, here);
  return false;
}

void eventually(const std::string& what, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) FAIL("never came: " << what);
    std::this_thread::sleep_for(kPause);
  }
}

// -------------------------------------------------------------------------------------- namespaces

Namespace::Namespace() {
  static int number = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  name_ = fmt::format("kube-suite-{}-{}-{}", getpid(),
                      std::chrono::duration_cast<std::chrono::seconds>(now).count(), ++number);
  const auto made = target().post("/api/v1/namespaces",
                                  fmt::format(R"({{"metadata": {{"name": "{}"}}}})", name_));
  REQUIRE(made.status == 201);
  eventually("the namespace's ServiceAccount", [&] {
    return target().get("/api/v1/namespaces/" + name_ + "/serviceaccounts/default").status == 200;
  });
}

Namespace::~Namespace() {
  try {
    target().remove("/api/v1/namespaces/" + name_);
  } catch (...) {  // the test has said what is wrong
  }
}

namespace {

std::string collection(const std::string& root, const std::string& name_space,
                       const std::string& plural, const std::string& name) {
  return root + "/namespaces/" + name_space + "/" + plural + (name.empty() ? "" : "/" + name);
}

}  // namespace

std::string Namespace::jobs(const std::string& name) const {
  return collection("/apis/batch/v1", name_, "jobs", name);
}

std::string Namespace::pods(const std::string& name) const {
  return collection("/api/v1", name_, "pods", name);
}

std::string Namespace::events(const std::string& query) const {
  return collection("/api/v1", name_, "events", "") + query;
}

std::string Namespace::leases(const std::string& name) const {
  return collection("/apis/coordination.k8s.io/v1", name_, "leases", name);
}

void Namespace::set_quota(const std::string& name, const std::string& hard) const {
  const auto path = collection("/api/v1", name_, "resourcequotas", "");
  const auto body =
      fmt::format(R"({{"metadata": {{"name": "{}"}}, "spec": {{"hard": {}}}}})", name, hard);
  REQUIRE(target().post(path, body).status == 201);
  eventually("the quota is in force",
             [&] { return !target().get(path + "/" + name).text("status/used").empty(); });
}

void Namespace::await_quota(const std::string& name, const std::string& used) const {
  const auto path = collection("/api/v1", name_, "resourcequotas", name);
  eventually("the quota counts " + used, [&] {
    return target().get(path).text("status/used").find(used) != std::string::npos;
  });
}

void Namespace::remove_quota(const std::string& name) const {
  REQUIRE(target().remove(collection("/api/v1", name_, "resourcequotas", name)).status == 200);
}

std::string Namespace::token_with(const std::string& rules) const {
  const auto rbac = "/apis/rbac.authorization.k8s.io/v1";
  const auto accounts = collection("/api/v1", name_, "serviceaccounts", "");
  const std::string named = R"({"metadata": {"name": "bot"})";
  REQUIRE(target().post(accounts, named + "}").status == 201);
  REQUIRE(target()
              .post(collection(rbac, name_, "roles", ""), named + R"(, "rules": )" + rules + "}")
              .status == 201);
  const auto binding =
      named + R"(, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", )" +
      R"("name": "bot"}, "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": ")" +
      name_ + R"("}]})";
  REQUIRE(target().post(collection(rbac, name_, "rolebindings", ""), binding).status == 201);
  const auto made = target().post(
      accounts + "/bot/token",
      R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}})");
  REQUIRE(made.status == 201);
  const auto token = made.text("status/token");
  const auto bot = target().with_token(token);
  eventually("the token's rights", [&] { return bot.get(jobs()).status == 200; });
  return token;
}

std::string JobText::str() const {
  return fmt::format(
      R"({{"apiVersion": "batch/v1", "kind": "Job", "metadata": {{{}"name": "{}"}}, )"
      R"("spec": {{{}"template": {{"metadata": {{"annotations": {}}}, "spec": {{"restartPolicy": "Never", )"
      R"("nodeSelector": {{"jobscaler.test/group": "{}"}}, "containers": [{}]}}}}}}}})",
      extra_meta, name, extra_spec, annotations, group, container);
}

}  // namespace kube_suite
