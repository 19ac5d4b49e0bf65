#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fake_api.h"
#include "http/counter.h"
#include "kube/api.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;

namespace {

/// Files of this process that no folder has.
int private_files() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<int>(std::count_if(begin(all), end(all), [](const auto& entry) {
    std::error_code gone;
    return std::filesystem::read_symlink(entry, gone).string().rfind("/memfd:jobscaler", 0) == 0;
  }));
}

/// A server that refuses all credentials at "/version", so that they are read again.
struct Bench {
  Bench() { server.on("GET", "/version", {kUnauthorized}); }

  void rotate() {
    ++rotation;
    auto rotated = original;
    rotated.replace(rotated.find("token: abc"), 10,
                    fmt::format("token: t{0}, client-certificate-data: {0:04}, "
                                "client-key-data: {0:04}",
                                rotation));
    std::ofstream(config.kubeconfig) << rotated;
  }

  static http::Request get(const std::string& path) {
    http::Request request;
    request.path = path;
    return request;
  }

  const Answer kUnauthorized = status_reply(401, "Unauthorized", "Unauthorized");
  FakeApi server;
  const KubernetesConfig config = server.config();
  const std::string original = [this] {
    std::ifstream in(config.kubeconfig);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }();
  int rotation = 0;
  Api api{config};
};

}  // namespace

TEST_CASE("a hundred rotations keep one client") {
  Bench bench;
  for (int i = 0; i < 100; ++i) {
    bench.rotate();
    REQUIRE(bench.api.send(Bench::get("/version")).ok());
  }
  // All but the first asked again, with the new ones.
  CHECK(bench.server.calls("GET", "/version").size() == 199);
  CHECK(private_files() <= 4);  // of the last, and of the one before
}

TEST_CASE("a request that was repeated with new credentials outlives them") {
  Bench bench;
  REQUIRE(bench.api.name_space().ok());
  bench.rotate();
  bench.server.on("GET", "/slow", {bench.kUnauthorized, hang()});
  Counter answered;
  bench.api.send_async(Bench::get("/slow"), [&](const auto&) { answered.add(); });
  REQUIRE(bench.server.has_calls("GET", "/slow", 2));
  for (int i = 0; i < 3; ++i) {
    bench.rotate();
    REQUIRE(bench.api.send(Bench::get("/version")).ok());
  }
  CHECK(answered.count() == 0);
  bench.api.close();
  CHECK(answered.count() == 1);
}
