#include "http/certificates.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace jobscaler::test {
namespace {

void openssl(const std::string& arguments) {
  const auto command = "openssl " + arguments + " >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  auto pattern = (std::filesystem::temp_directory_path() / "jobscaler-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot create " + pattern);
  folder_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::filesystem::remove_all(folder_);
}

std::string TemporaryFolder::path(const std::string& file) const {
  return file.empty() ? folder_.string() : (folder_ / file).string();
}

std::string TemporaryFolder::write(const std::string& file, const std::string& content) const {
  std::ofstream(path(file)) << content;
  return path(file);
}

Certificates::Certificates() {
  openssl(fmt::format(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca "
      "-keyout {} -out {}",
      folder_.path("ca.key"), ca()));
}

Certificates::Pair Certificates::issue(const std::string& name, const std::string& hosts,
                                       const std::string& days) const {
  const Pair pair{folder_.path(name + ".crt"), folder_.path(name + ".key")};
  const auto request = folder_.path(name + ".csr");
  openssl(fmt::format(
      "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={} -keyout {} -out {}",
      name, pair.key, request));
  const auto extensions = folder_.write(name + ".ext", "subjectAltName=" + hosts + "\n");
  openssl(
      fmt::format("x509 -req -in {} -CA {} -CAkey {} -CAcreateserial -days {} -extfile {} -out {}",
                  request, ca(), folder_.path("ca.key"), days, extensions, pair.certificate));
  return pair;
}

}  // namespace jobscaler::test
