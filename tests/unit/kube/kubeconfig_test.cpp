#include <catch2/catch.hpp>

#include "kube/kubeconfig.h"

using namespace jobscaler;
using namespace jobscaler::kube;

namespace {

constexpr auto kGood = R"(
apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context: {cluster: c, user: u, namespace: workers}
- name: other
  context: {cluster: d, user: v}
clusters:
- name: c
  cluster: {server: "https://h:6443", certificate-authority-data: aGVsbG8=}
- name: d
  cluster: {server: "https://d", certificate-authority: pki/ca.crt, insecure-skip-tls-verify: true}
users:
- name: u
  user: {token: abc}
- name: v
  user: {client-certificate: /abs/c.crt, client-key-data: a2V5, tokenFile: tokens/t}
)";

Result<KubeconfigContext> parse(const std::string& text, const std::string& context = "") {
  return parse_kubeconfig({{"/etc/kube/config", text}}, context);
}

std::string refusal(const std::string& text, const std::string& context = "") {
  const auto result = parse(text, context);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::rejected);
  return result.error().message;
}

std::string with_user(const std::string& user) {
  return "current-context: m\n"
         "contexts: [{name: m, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {server: https://h}}]\n"
         "users: [{name: u, user: " +
         user + "}]\n";
}

std::string with_cluster(const std::string& cluster) {
  return "current-context: m\n"
         "contexts: [{name: m, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: " +
         cluster +
         "}]\n"
         "users: [{name: u, user: {token: t}}]\n";
}

}  // namespace

TEST_CASE("the current context is used unless another is asked for") {
  const auto main = parse(kGood);
  REQUIRE(main.ok());
  CHECK(main->server == "https://h:6443");
  CHECK(main->ca == FileOrData{"", "hello"});
  CHECK(main->token == "abc");
  CHECK(main->name_space == "workers");
  CHECK_FALSE(main->insecure_skip_tls_verify);
  const auto other = parse(kGood, "other");
  REQUIRE(other.ok());
  CHECK(other->ca == FileOrData{"/etc/kube/pki/ca.crt", ""});
  CHECK(other->insecure_skip_tls_verify);
  CHECK(other->certificate == FileOrData{"/abs/c.crt", ""});
  CHECK(other->key == FileOrData{"", "key"});
  CHECK(other->token_file == "/etc/kube/tokens/t");
  CHECK(other->name_space.empty());
}

TEST_CASE("several files are read as one, and the first that has a name wins") {
  const auto result =
      parse_kubeconfig({{"/a", "current-context: m\nusers: [{name: u, user: {token: first}}]\n"},
                        {"/b/k", with_user("{token: second}")}},
                       "");
  REQUIRE(result.ok());
  CHECK(result->token == "first");
  CHECK(result->server == "https://h");
}

TEST_CASE("a kubeconfig that cannot be used says which file and which field") {
  CHECK(refusal("a: [").rfind("kubeconfig /etc/kube/config: line ", 0) == 0);
  CHECK(refusal("") ==
        "kubeconfig /etc/kube/config: current-context: is not set; set it, or kubernetes.context");
  CHECK(refusal("[]") ==
        "kubeconfig /etc/kube/config: must be a mapping with clusters, users and contexts");
  CHECK(refusal("contexts: []") ==
        "kubeconfig /etc/kube/config: current-context: is not set; set it, or kubernetes.context");
  CHECK(refusal("current-context: [m]") ==
        "kubeconfig /etc/kube/config: current-context: must be a string");
  CHECK(refusal("current-context: m") ==
        "kubeconfig /etc/kube/config: contexts: has no entry 'm', which current-context names");
  CHECK(refusal(kGood, "nope") ==
        "kubeconfig /etc/kube/config: contexts: has no entry 'nope', which the configuration's "
        "kubernetes.context names");
  CHECK(refusal("current-context: m\ncontexts: {m: x}") ==
        "kubeconfig /etc/kube/config: contexts: must be a list");
  CHECK(refusal("current-context: m\ncontexts: [m]") ==
        "kubeconfig /etc/kube/config: contexts: must be a list of mappings");
  CHECK(refusal("current-context: m\ncontexts: [{name: m}]") ==
        "kubeconfig /etc/kube/config: contexts[m].context: must be a mapping");
  CHECK(
      refusal("current-context: m\ncontexts: [{name: m, context: {cluster: c}}]") ==
      "kubeconfig /etc/kube/config: clusters: has no entry 'c', which contexts[m].context.cluster "
      "names");
  CHECK(refusal(with_cluster("{}")) ==
        "kubeconfig /etc/kube/config: clusters[c].cluster.server: is not set");
  CHECK(refusal(with_cluster("{server: [a]}")) ==
        "kubeconfig /etc/kube/config: clusters[c].cluster.server: must be a string");
  CHECK(
      refusal(with_cluster("{server: s, insecure-skip-tls-verify: maybe}")) ==
      "kubeconfig /etc/kube/config: clusters[c].cluster.insecure-skip-tls-verify: must be true or "
      "false");
  CHECK(
      refusal(with_cluster("{server: s, certificate-authority-data: '***'}")) ==
      "kubeconfig /etc/kube/config: clusters[c].cluster.certificate-authority-data: is not base64");
  CHECK(refusal(with_user("{client-certificate: c}")) ==
        "kubeconfig /etc/kube/config: users[u].user.client-key: is not set, but its other half is");
}

TEST_CASE("what kubectl reads") {
  struct Row {
    const char* what;
    std::vector<std::string> files;
    KubeconfigContext context;
  };
  const std::string no_user =
      "current-context: m\n"
      "contexts: [{name: m, context: {cluster: c}}]\n"
      "clusters: [{name: c, cluster: {server: https://h}}]\n";
  KubeconfigContext anonymous;
  anonymous.server = "https://h";
  auto with_token = anonymous;
  with_token.token = "t";
  auto with_file = with_token;
  with_file.ca.file = "/etc/kube/ca.crt";
  const auto row = GENERATE_COPY(values<Row>({
      {"a context without a user", {no_user}, anonymous},
      {"a user that is null", {with_user("null")}, anonymous},
      {"a user without a body", {with_user("")}, anonymous},
      {"a file that is empty", {"", with_user("{token: t}"), "# nothing\n"}, with_token},
      {"data that is empty, beside a file",
       {with_cluster("{server: https://h, certificate-authority-data: '', "
                     "certificate-authority: ca.crt}")},
       with_file},
  }));
  INFO(row.what);
  std::vector<KubeconfigFile> files;
  for (const auto& text : row.files) files.push_back({"/etc/kube/config", text});
  const auto result = parse_kubeconfig(files, "");
  INFO((result.ok() ? "" : result.error().message));
  REQUIRE(result.ok());
  CHECK(*result == row.context);
}

TEST_CASE("what we cannot honour is refused rather than ignored") {
  CHECK(
      refusal(with_user("{exec: {command: aws}}")) ==
      "kubeconfig /etc/kube/config: users[u].user.exec: credential plugins are not supported; use "
      "token, tokenFile or a client certificate");
  CHECK(refusal(with_user("{auth-provider: {name: gcp}}")).find("credential plugins") !=
        std::string::npos);
  CHECK(
      refusal(with_user("{username: a, password: b}")) ==
      "kubeconfig /etc/kube/config: users[u].user.username: basic authentication is not supported");
  CHECK(refusal(with_user("{token: t, as: root}")).find("impersonation") != std::string::npos);
  CHECK(refusal(with_cluster("{server: s, proxy-url: p}")).find("proxies") != std::string::npos);
  CHECK(refusal(with_cluster("{server: s, tls-server-name: n}")).find("tls-server-name") !=
        std::string::npos);
}

TEST_CASE("a refusal does not tell the secret") {
  CHECK(refusal(with_user("{token: [s3cret]}")).find("s3cret") == std::string::npos);
}

TEST_CASE("base64 is decoded, and nothing else is") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("YQ==") == "a");
  CHECK(decode_base64("YWI=\n") == "ab");
  CHECK(decode_base64("+/+/") == "\xfb\xff\xbf");
  CHECK_FALSE(decode_base64("a*b="));
}
