#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobscaler/result.h"

namespace jobscaler::kube {

/// Data that a kubeconfig holds itself, or names a file for. At most one is set; data wins.
struct FileOrData {
  std::string file;  ///< absolute, or relative to the working directory if the kubeconfig's path is
  std::string data;  ///< decoded

  bool operator==(const FileOrData&) const = default;
};

/// One context of a kubeconfig, as far as we can use it.
struct KubeconfigContext {
  std::string server;
  FileOrData ca;
  bool insecure_skip_tls_verify = false;
  FileOrData certificate;
  FileOrData key;
  std::string token;
  std::string token_file;
  std::string name_space;  ///< empty: none given

  bool operator==(const KubeconfigContext&) const = default;
};

struct KubeconfigFile {
  std::string path;
  std::string text;
};

/// Reads a context out of one or several files (as $KUBECONFIG lists them: the first that has an
/// entry of a name wins). Empty `context`: the current one. Error `rejected`: names file and field.
/// What we cannot honour is refused rather than ignored: exec and auth-provider plugins, basic
/// authentication, impersonation, proxies, and server names that differ from the URL's.
Result<KubeconfigContext> parse_kubeconfig(const std::vector<KubeconfigFile>& files,
                                           const std::string& context);

/// Absent: not base64.
std::optional<std::string> decode_base64(const std::string& text);

}  // namespace jobscaler::kube
