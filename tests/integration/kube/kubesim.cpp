#include "kubesim.h"

#include <cpprest/json.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace kube_suite {

namespace fs = std::filesystem;

namespace {

pid_t spawn(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("kubesim cannot be started");
  return pid;
}

}  // namespace

Kubesim::Kubesim(std::vector<std::string> options)
    : options_(std::move(options)),
      directory_((fs::temp_directory_path() / "kubesim-XXXXXX").string()) {
  if (mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("no temporary directory");
  launch();
}

Kubesim::~Kubesim() {
  kill();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void Kubesim::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Kubesim::start() {
  launch();
}

void Kubesim::launch() {
  const auto ready = directory_ + "/ready";
  fs::remove(ready);
  std::vector<std::string> command = {KUBESIM_PYTHON, "-B",  KUBESIM_COMMAND, "--port",    port_,
                                      "--ready-file", ready, "--kubeconfig",  kubeconfig()};
  command.insert(command.end(), options_.begin(), options_.end());
  pid_ = spawn(command);
  eventually("kubesim answers", [&] {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) throw std::runtime_error("kubesim has ended");
    return fs::exists(ready);
  });
  std::string address;
  std::ifstream(ready) >> address;
  port_ = address.substr(address.rfind(':') + 1);
  target_ = std::make_unique<Target>(kubeconfig());
}

void Kubesim::fault(const std::string& rule) {
  const auto answer = target_->post("/kubesim/faults", rule);
  INFO(answer.body);
  REQUIRE(answer.status == 200);
}

void Kubesim::clear_faults() {
  REQUIRE(target_->remove("/kubesim/faults").status == 200);
}

int Kubesim::struck() const {
  int total = 0;
  const auto rules = target_->get("/kubesim/faults").json();
  if (!rules.is_array()) return 0;
  for (const auto& rule : rules.as_array()) total += rule.at("struck").as_integer();
  return total;
}

void Kubesim::compact() {
  REQUIRE(target_->post("/kubesim/compact", "").status == 200);
}

int Kubesim::stat(const std::string& path) const {
  return std::stoi(target_->get("/kubesim/stats").text(path));
}

std::vector<std::string> Kubesim::jobs() const {
  std::vector<std::string> names;
  const auto list = target_->get("/apis/batch/v1/namespaces/" + name_space_ + "/jobs").json();
  for (const auto& item : list.at("items").as_array()) {
    names.push_back(item.at("metadata").at("name").as_string());
  }
  return names;
}

void Kubesim::set_quota(const std::string& hard) const {
  const auto body = R"({"metadata": {"name": "quota"}, "spec": {"hard": )" + hard + "}}";
  REQUIRE(target_->post("/api/v1/namespaces/" + name_space_ + "/resourcequotas", body).status ==
          201);
}

}  // namespace kube_suite
