#include "kube/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace jobscaler::kube {
namespace {

constexpr auto kReadAgainAfter = std::chrono::minutes(1);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_in_pod() {
  return !environment("KUBERNETES_SERVICE_HOST").empty();
}

std::optional<std::string> contents_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream contents;
  if (!stream || !(contents << stream.rdbuf())) return std::nullopt;
  return contents.str();
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Result<std::string> read_token(const std::string& file) {
  const auto contents = contents_of(file);
  if (!contents) return Error{ErrorKind::not_found, "cannot read the token file " + file};
  const auto token = trimmed(*contents);
  if (token.empty()) return Error{ErrorKind::not_found, "the token file " + file + " is empty"};
  return token;
}

std::vector<std::string> split_at_colons(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ':');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

/// Where kubeconfigs are, in kubectl's order.
std::vector<std::string> kubeconfig_paths(const std::string& configured) {
  if (!configured.empty()) return {configured};
  auto listed = split_at_colons(environment("KUBECONFIG"));
  if (!listed.empty()) return listed;
  const auto home = environment("HOME");
  return home.empty() ? std::vector<std::string>{} : std::vector{home + "/.kube/config"};
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace

Credentials::Credentials(KubernetesConfig config, PodAccount pod)
    : config_(std::move(config)), pod_(std::move(pod)) {}

Result<Access> Credentials::current(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (access_ && !expired_ && now - read_at_ < kReadAgainAfter) return *access_;
  auto fresh = read();
  if (!fresh.ok() && !access_) return fresh;
  if (fresh.ok()) access_ = *fresh;
  read_at_ = now;
  expired_ = false;
  return *access_;
}

void Credentials::expire() {
  const std::lock_guard lock(mutex_);
  expired_ = true;
}

Result<Access> Credentials::read() {
  const bool kubeconfig_wanted =
      !config_.kubeconfig.empty() || !config_.context.empty() || !environment("KUBECONFIG").empty();
  return is_in_pod() && !kubeconfig_wanted ? read_pod() : read_kubeconfig();
}

Result<Access> Credentials::read_pod() {
  auto host = environment("KUBERNETES_SERVICE_HOST");
  auto port = environment("KUBERNETES_SERVICE_PORT");
  // The HTTP client cannot take IPv6 addresses; the API server has this name in every cluster.
  if (host.find(':') != std::string::npos) host = "kubernetes.default.svc";
  if (port.empty()) port = "443";
  const auto token = read_token(pod_.folder + "/token");
  if (!token.ok()) {
    return Error{token.error().kind, token.error().message +
                                         "; does the pod have a service account, with "
                                         "automountServiceAccountToken not set to false?"};
  }
  Access access;
  access.server = fmt::format("https://{}:{}", host, port);
  access.tls.ca = pod_.folder + "/ca.crt";
  access.token = *token;
  access.name_space = name_space_or(trimmed(contents_of(pod_.folder + "/namespace").value_or("")));
  access.origin = "the pod's service account";
  return access;
}

Result<Access> Credentials::read_kubeconfig() {
  const auto paths = kubeconfig_paths(config_.kubeconfig);
  std::vector<KubeconfigFile> files;
  for (const auto& path : paths) {
    if (auto contents = contents_of(path)) files.push_back({path, *contents});
  }
  if (files.empty()) {
    return Error{
        ErrorKind::not_found,
        fmt::format("no credentials for Kubernetes: {}no kubeconfig can be read{}{}; "
                    "set kubernetes.kubeconfig or KUBECONFIG",
                    is_in_pod() ? "" : "this is no pod (KUBERNETES_SERVICE_HOST is not set), and ",
                    paths.empty() ? "" : " at ", joined(paths))};
  }
  const auto context = parse_kubeconfig(files, config_.context);
  if (!context.ok()) return context.error();
  return use(*context, "kubeconfig " + files.front().path);
}

/// Certificates that have not changed keep their files, so that connections are kept, too.
Result<Access> Credentials::use(const KubeconfigContext& context, const std::string& origin) {
  Access access;
  const bool unchanged = access_ && context_ == context;
  if (unchanged) {
    access = *access_;
  } else {
    access.server = context.server;
    access.tls.verify = !context.insecure_skip_tls_verify;
    access.name_space = name_space_or(context.name_space);
    access.origin = origin;
    for (const auto& [from, to] : {std::pair{&context.ca, &access.tls.ca},
                                   std::pair{&context.certificate, &access.tls.certificate},
                                   std::pair{&context.key, &access.tls.key}}) {
      auto path = materialize(*from, access.files);
      if (!path.ok()) return path.error();
      *to = *path;
    }
  }
  access.token = context.token;
  if (!context.token_file.empty()) {
    const auto token = read_token(context.token_file);
    if (!token.ok()) return Error{token.error().kind, origin + ": " + token.error().message};
    access.token = *token;
  }
  context_ = context;
  return access;
}

Result<std::string> Credentials::materialize(const FileOrData& what,
                                             std::vector<std::shared_ptr<PrivateFile>>& files) {
  if (what.data.empty()) return what.file;
  auto file = PrivateFile::create(what.data);
  if (!file.ok()) return file.error();
  files.push_back(*file);
  return files.back()->path();
}

std::string Credentials::name_space_or(const std::string& fallback) const {
  if (!config_.name_space.empty()) return config_.name_space;
  return fallback.empty() ? "default" : fallback;
}

}  // namespace jobscaler::kube
