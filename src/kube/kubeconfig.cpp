#include "kube/kubeconfig.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>

namespace jobscaler::kube {
namespace {

struct Document {
  std::string path;
  YAML::Node root;
};

/// Unwinds to parse_kubeconfig(), which turns it into an Error.
struct Refusal {
  std::string text;
};

[[noreturn]] void refuse(const Document& file, const std::string& field, const std::string& what) {
  throw Refusal{fmt::format("kubeconfig {}: {}: {}", file.path, field, what)};
}

/// An entry of clusters, users or contexts, with what is needed to talk about it.
struct Entry {
  const Document* file = nullptr;
  std::string path;  ///< users[admin].user
  YAML::Node body;

  std::string field(const std::string& name) const { return path + "." + name; }

  bool has(const char* name) const { return body[name] && !body[name].IsNull(); }

  std::string text(const char* name) const {
    if (!has(name)) return {};
    if (!body[name].IsScalar()) refuse(*file, field(name), "must be a string");
    return body[name].Scalar();
  }

  bool boolean(const char* name) const {
    bool value = false;
    if (has(name) && !YAML::convert<bool>::decode(body[name], value)) {
      refuse(*file, field(name), "must be true or false");
    }
    return value;
  }

  std::string file_name(const char* name) const {
    auto value = text(name);
    if (value.empty() || value.front() == '/') return value;
    return (std::filesystem::path(file->path).parent_path() / value).string();
  }

  FileOrData file_or_data(const char* name) const {
    const auto data_name = std::string(name) + "-data";
    const auto data = text(data_name.c_str());
    if (data.empty()) return {file_name(name), ""};
    const auto decoded = decode_base64(data);
    if (!decoded) refuse(*file, field(data_name), "is not base64");
    return {"", *decoded};
  }

  void refuse_if_set(const char* name, const char* why) const {
    if (has(name)) refuse(*file, field(name), why);
  }
};

Document load(const KubeconfigFile& file) {
  Document document{file.path, {}};
  try {
    document.root = YAML::Load(file.text);
  } catch (const YAML::Exception& e) {
    throw Refusal{
        fmt::format("kubeconfig {}: line {}: not YAML: {}", file.path, e.mark.line + 1, e.msg)};
  }
  if (document.root.IsNull()) document.root = YAML::Node(YAML::NodeType::Map);  // an empty file
  if (!document.root.IsMap()) {
    throw Refusal{fmt::format("kubeconfig {}: must be a mapping with clusters, users and contexts",
                              file.path)};
  }
  return document;
}

std::string current_context(const std::vector<Document>& files) {
  for (const auto& file : files) {
    const auto name = file.root["current-context"];
    if (!name || name.IsNull()) continue;
    if (!name.IsScalar()) refuse(file, "current-context", "must be a string");
    if (!name.Scalar().empty()) return name.Scalar();
  }
  refuse(files.front(), "current-context", "is not set; set it, or kubernetes.context");
}

/// The entry called `name` of the list `plural`, whose content is under the key `singular`.
std::optional<Entry> find_in(const Document& file, const std::string& plural,
                             const std::string& singular, const std::string& name) {
  const auto list = file.root[plural];
  if (!list || list.IsNull()) return std::nullopt;
  if (!list.IsSequence()) refuse(file, plural, "must be a list");
  for (const auto& item : list) {
    if (!item.IsMap()) refuse(file, plural, "must be a list of mappings");
    if (!item["name"] || !item["name"].IsScalar() || item["name"].Scalar() != name) continue;
    const auto path = fmt::format("{}[{}].{}", plural, name, singular);
    const bool nobody = singular == "user" && (!item[singular] || item[singular].IsNull());
    if (nobody) return Entry{&file, path, YAML::Node(YAML::NodeType::Map)};
    if (!item[singular] || !item[singular].IsMap()) refuse(file, path, "must be a mapping");
    return Entry{&file, path, item[singular]};
  }
  return std::nullopt;
}

Entry find_entry(const std::vector<Document>& files, const std::string& plural,
                 const std::string& singular, const std::string& name,
                 const std::string& wanted_by) {
  for (const auto& file : files) {
    if (auto entry = find_in(file, plural, singular, name)) return *entry;
  }
  refuse(files.front(), plural, fmt::format("has no entry '{}', which {} names", name, wanted_by));
}

void read_cluster(const Entry& cluster, KubeconfigContext& result) {
  cluster.refuse_if_set("proxy-url", "proxies are not supported");
  cluster.refuse_if_set("tls-server-name",
                        "is not supported: the certificate must be for the host in server");
  result.server = cluster.text("server");
  if (result.server.empty()) refuse(*cluster.file, cluster.field("server"), "is not set");
  result.ca = cluster.file_or_data("certificate-authority");
  result.insecure_skip_tls_verify = cluster.boolean("insecure-skip-tls-verify");
}

void read_user(const Entry& user, KubeconfigContext& result) {
  constexpr auto kUseInstead =
      "credential plugins are not supported; use token, tokenFile or a client certificate";
  user.refuse_if_set("exec", kUseInstead);
  user.refuse_if_set("auth-provider", kUseInstead);
  user.refuse_if_set("username", "basic authentication is not supported");
  user.refuse_if_set("as", "impersonation is not supported");
  result.certificate = user.file_or_data("client-certificate");
  result.key = user.file_or_data("client-key");
  result.token_file = user.file_name("tokenFile");
  result.token = user.text("token");
  const bool has_certificate = result.certificate != FileOrData{};
  if (has_certificate != (result.key != FileOrData{})) {
    refuse(*user.file, user.field(has_certificate ? "client-key" : "client-certificate"),
           "is not set, but its other half is");
  }
}

KubeconfigContext read(const std::vector<Document>& files, const std::string& wanted) {
  const auto name = wanted.empty() ? current_context(files) : wanted;
  const auto context =
      find_entry(files, "contexts", "context", name,
                 wanted.empty() ? "current-context" : "the configuration's kubernetes.context");
  KubeconfigContext result;
  result.name_space = context.text("namespace");
  const auto cluster = context.text("cluster");
  read_cluster(find_entry(files, "clusters", "cluster", cluster, context.field("cluster")), result);
  const auto user = context.text("user");
  if (user.empty()) return result;  // anonymous
  read_user(find_entry(files, "users", "user", user, context.field("user")), result);
  return result;
}

}  // namespace

Result<KubeconfigContext> parse_kubeconfig(const std::vector<KubeconfigFile>& files,
                                           const std::string& context) {
  try {
    std::vector<Document> documents;
    for (const auto& file : files) documents.push_back(load(file));
    return read(documents, context);
  } catch (const Refusal& refusal) {
    return Error{ErrorKind::rejected, refusal.text};
  } catch (const YAML::Exception& e) {
    return Error{ErrorKind::rejected, fmt::format("kubeconfig {}: line {}: {}", files.front().path,
                                                  e.mark.line + 1, e.msg)};
  }
}

std::optional<std::string> decode_base64(const std::string& text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string decoded;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=' || c == '\n' || c == '\r' || c == ' ') continue;
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += static_cast<char>(bits >> count & 0xff);
  }
  return decoded;
}

}  // namespace jobscaler::kube
