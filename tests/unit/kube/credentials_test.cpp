#include <catch2/catch.hpp>

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "http/certificates.h"
#include "kube/credentials.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;
using test::TemporaryFolder;

namespace {

/// Sets a variable (or, nullptr, unsets it) for a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

/// No pod, no kubeconfig.
struct Nowhere {
  Variable host{"KUBERNETES_SERVICE_HOST", nullptr};
  Variable port{"KUBERNETES_SERVICE_PORT", nullptr};
  Variable kubeconfig{"KUBECONFIG", nullptr};
  Variable home{"HOME", "/nonexistent"};
};

std::string contents(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string kubeconfig(const std::string& user, const std::string& cluster = "") {
  return "current-context: m\n"
         "contexts: [{name: m, context: {cluster: c, user: u, namespace: from-context}}]\n"
         "clusters: [{name: c, cluster: {server: 'https://h:6443'" +
         cluster +
         "}}]\n"
         "users: [{name: u, user: {" +
         user + "}}]\n";
}

KubernetesConfig with_file(const std::string& path) {
  KubernetesConfig config;
  config.kubeconfig = path;
  return config;
}

constexpr TimePoint kStart{1000s};

}  // namespace

TEST_CASE("in a pod the service account is used") {
  const Nowhere nowhere;
  const Variable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const Variable port("KUBERNETES_SERVICE_PORT", "6443");
  const TemporaryFolder folder;
  folder.write("token", "abc\n");
  folder.write("namespace", "workers\n");
  Credentials credentials({}, {folder.path()});
  const auto access = credentials.current(kStart);
  REQUIRE(access.ok());
  CHECK(access->server == "https://10.0.0.1:6443");
  CHECK(access->token == "abc");
  CHECK(access->name_space == "workers");
  CHECK(access->tls.ca == folder.path("ca.crt"));
  CHECK(access->tls.verify);
  CHECK(access->origin == "the pod's service account");
}

TEST_CASE("an API server with an IPv6 address is asked for by name") {
  const Nowhere nowhere;
  const Variable host("KUBERNETES_SERVICE_HOST", "fd00::1");
  const TemporaryFolder folder;
  folder.write("token", "abc");
  Credentials credentials({}, {folder.path()});
  CHECK(credentials.current(kStart)->server == "https://kubernetes.default.svc:443");
}

TEST_CASE("a pod without a service account is told what is missing") {
  const Nowhere nowhere;
  const Variable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const TemporaryFolder folder;
  Credentials credentials({}, {folder.path()});
  const auto access = credentials.current(kStart);
  REQUIRE_FALSE(access.ok());
  CHECK(
      access.error() ==
      Error{ErrorKind::not_found,
            "cannot read the token file " + folder.path("token") +
                "; does the pod have a service account, with automountServiceAccountToken not set "
                "to false?"});
}

TEST_CASE("a kubeconfig that is configured wins over the pod's account") {
  const Nowhere nowhere;
  const Variable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const TemporaryFolder folder;
  Credentials credentials(with_file(folder.write("config", kubeconfig("token: abc"))));
  CHECK(credentials.current(kStart)->server == "https://h:6443");
}

TEST_CASE("a context that is configured is never ignored in a pod") {
  const Nowhere nowhere;
  const Variable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const TemporaryFolder folder;
  const PodAccount pod{folder.path()};
  folder.write("token", "of the pod");
  KubernetesConfig config;
  CHECK(Credentials(config, pod).current(kStart)->token == "of the pod");
  config.context = "m";
  const auto missing = Credentials(config, pod).current(kStart);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error() ==
        Error{ErrorKind::not_found,
              "no credentials for Kubernetes: no kubeconfig can be read at "
              "/nonexistent/.kube/config; set kubernetes.kubeconfig or KUBECONFIG"});
  std::filesystem::create_directory(folder.path(".kube"));
  folder.write(".kube/config", kubeconfig("token: at-home"));
  const Variable home("HOME", folder.path().c_str());
  CHECK(Credentials(config, pod).current(kStart)->token == "at-home");
  config.context = "";
  const Variable listed("KUBECONFIG", folder.write("listed", kubeconfig("token: listed")).c_str());
  CHECK(Credentials(config, pod).current(kStart)->token == "listed");
}

TEST_CASE("KUBECONFIG and then the home folder are looked at") {
  const Nowhere nowhere;
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path(".kube"));
  folder.write(".kube/config", kubeconfig("token: at-home"));
  const auto listed = folder.write("listed", kubeconfig("token: listed"));
  const Variable home("HOME", folder.path().c_str());
  CHECK(Credentials({}).current(kStart)->token == "at-home");
  const Variable variable("KUBECONFIG", ("/nonexistent/x:" + listed).c_str());
  CHECK(Credentials({}).current(kStart)->token == "listed");
}

TEST_CASE("without any credentials the words say where was looked") {
  const Nowhere nowhere;
  const auto access = Credentials({}).current(kStart);
  REQUIRE_FALSE(access.ok());
  CHECK(access.error() ==
        Error{ErrorKind::not_found,
              "no credentials for Kubernetes: this is no pod (KUBERNETES_SERVICE_HOST is not set), "
              "and no kubeconfig can be read at /nonexistent/.kube/config; set "
              "kubernetes.kubeconfig or KUBECONFIG"});
}

TEST_CASE("credentials that appear later are found") {
  const Nowhere nowhere;
  const TemporaryFolder folder;
  Credentials credentials(with_file(folder.path("config")));
  CHECK_FALSE(credentials.current(kStart).ok());
  folder.write("config", kubeconfig("token: abc"));
  CHECK(credentials.current(kStart).ok());
}

TEST_CASE("the namespace is the configured one, else the context's, else default") {
  const TemporaryFolder folder;
  auto config = with_file(folder.write("config", kubeconfig("token: abc")));
  CHECK(Credentials(config).current(kStart)->name_space == "from-context");
  config.name_space = "configured";
  CHECK(Credentials(config).current(kStart)->name_space == "configured");
  const Nowhere nowhere;
  const Variable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  folder.write("token", "abc");
  CHECK(Credentials({}, {folder.path()}).current(kStart)->name_space == "default");
}

TEST_CASE("a rotated token is read again after a minute, and at once after a 401") {
  const TemporaryFolder folder;
  const auto token = folder.write("token", "one");
  const auto file = folder.write("config", kubeconfig("tokenFile: " + token));
  Credentials credentials(with_file(file));
  CHECK(credentials.current(kStart)->token == "one");
  folder.write("token", "two");
  CHECK(credentials.current(kStart + 59s)->token == "one");
  CHECK(credentials.current(kStart + 61s)->token == "two");
  folder.write("token", "three");
  credentials.expire();
  CHECK(credentials.current(kStart + 62s)->token == "three");
}

TEST_CASE("what was read stays in use while it cannot be read again") {
  const TemporaryFolder folder;
  const auto file = folder.write("config", kubeconfig("token: abc"));
  Credentials credentials(with_file(file));
  CHECK(credentials.current(kStart).ok());
  std::filesystem::remove(file);
  const auto access = credentials.current(kStart + 5min);
  REQUIRE(access.ok());
  CHECK(access->token == "abc");
}

TEST_CASE("certificates in a kubeconfig become files that only this process has") {
  const TemporaryFolder folder;
  const auto file =
      folder.write("config", kubeconfig("client-certificate-data: Y2VydA==, client-key-data: a2V5",
                                        ", certificate-authority-data: Y2E="));
  std::string key;
  {
    Credentials credentials(with_file(file));
    const auto access = credentials.current(kStart);
    REQUIRE(access.ok());
    key = access->tls.key;
    CHECK(contents(access->tls.ca) == "ca");
    CHECK(contents(access->tls.certificate) == "cert");
    CHECK(contents(key) == "key");
    struct stat info {};
    REQUIRE(::stat(key.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(info.st_nlink == 0);  // no folder has it
    CHECK(credentials.current(kStart + 2min)->tls.key == key);
  }
  CHECK(contents(key) != "key");
}

TEST_CASE("an empty token file is no token") {
  const TemporaryFolder folder;
  const auto token = folder.write("token", "\n");
  const auto file = folder.write("config", kubeconfig("tokenFile: " + token));
  const auto access = Credentials(with_file(file)).current(kStart);
  REQUIRE_FALSE(access.ok());
  CHECK(access.error().message == "kubeconfig " + file + ": the token file " + token + " is empty");
}
