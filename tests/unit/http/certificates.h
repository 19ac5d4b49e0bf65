#pragma once

#include <filesystem>
#include <string>

namespace jobscaler::test {

/// A folder of its own, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& file = "") const;
  /// Writes the file and returns its path.
  std::string write(const std::string& file, const std::string& content) const;

 private:
  std::filesystem::path folder_;
};

/// A private CA and certificates signed by it, made by the openssl command. Throws when it fails.
class Certificates {
 public:
  Certificates();

  std::string ca() const { return folder_.path("ca.crt"); }

  struct Pair {
    std::string certificate;
    std::string key;
  };
  /// `hosts`: a subjectAltName such as "DNS:localhost,IP:127.0.0.1".
  Pair issue(const std::string& name, const std::string& hosts,
             const std::string& days = "2") const;

 private:
  TemporaryFolder folder_;
};

}  // namespace jobscaler::test
