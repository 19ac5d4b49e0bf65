// What the API server shows: lists, selectors, watches. The same from kubesim as from a real one.

#include <cpprest/json.h>
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "client.h"
#include "target.h"

namespace kube_suite {

namespace {

using http_encode = std::string (*)(std::string_view);
const http_encode encode = jobscaler::http::encode_uri_component;

void make_leases(const Namespace& space, int count) {
  for (int number = 0; number < count; ++number) {
    const auto body = fmt::format(
        R"({{"metadata": {{"name": "l{}", "labels": {{"parity": "{}"}}}}, "spec": {{}}}})", number,
        number % 2 == 0 ? "even" : "odd");
    REQUIRE(target().post(space.leases(), body).status == 201);
  }
}

std::vector<std::string> names_in(const Answer& list) {
  std::vector<std::string> names;
  const auto json = list.json();
  for (const auto& item : json.at("items").as_array()) {
    names.push_back(item.at("metadata").at("name").as_string());
  }
  return names;
}

struct Seen {
  std::string type;
  Json object;
};

Seen parse(const std::string& line) {
  auto event = Json::parse(line);
  return {event.at("type").as_string(), event.at("object")};
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a list comes in pages of one moment") {
  const Namespace space;
  make_leases(space, 5);
  const auto first = target().get(space.leases() + "?limit=2");
  CHECK(names_in(first) == Names{"l0", "l1"});
  CHECK(first.text("metadata/remainingItemCount") == "3");
  REQUIRE(target().remove(space.leases("l3")).status == 200);
  const auto next = "&continue=" + encode(first.text("metadata/continue"));
  const auto second = target().get(space.leases() + "?limit=2" + next);
  CHECK(names_in(second) == Names{"l2", "l3"});
  CHECK(second.text("metadata/resourceVersion") == first.text("metadata/resourceVersion"));
  const auto last = target().get(space.leases() +
                                 "?limit=2&continue=" + encode(second.text("metadata/continue")));
  CHECK(names_in(last) == Names{"l4"});
  CHECK(last.text("metadata/continue").empty());
  const auto nonsense = target().get(space.leases() + "?limit=2&continue=nonsense");
  CHECK(nonsense.status == 400);
  CHECK(contains(nonsense.text("message"), "invalid continue token: continue key is not valid"));
}

TEST_CASE("selectors choose by labels and by fields") {
  const Namespace space;
  make_leases(space, 4);
  const auto chosen = [&](const std::string& kind, const std::string& text) {
    return names_in(target().get(space.leases() + "?" + kind + "=" + encode(text)));
  };
  CHECK(chosen("labelSelector", "parity=even") == Names{"l0", "l2"});
  CHECK(chosen("labelSelector", "parity!=even") == Names{"l1", "l3"});
  CHECK(chosen("labelSelector", "parity in (even,odd),parity notin (odd)") == Names{"l0", "l2"});
  CHECK(chosen("labelSelector", "parity").size() == 4);
  CHECK(chosen("labelSelector", "!parity").empty());
  CHECK(chosen("fieldSelector", "metadata.name=l3") == Names{"l3"});
  CHECK(target().get(space.leases() + "?labelSelector=" + encode("a b")).status == 400);
  const auto unknown = target().get(space.events("?fieldSelector=involvedObject.foo%3D1"));
  CHECK(unknown.status == 400);
  CHECK(unknown.text("message") == "field label not supported: involvedObject.foo");
  CHECK(target().get(space.jobs() + "?limit=many").status == 400);
}

TEST_CASE("a list's items have no kind, a watch's objects have one") {
  const Namespace space;
  make_leases(space, 1);
  const auto list = target().get(space.leases());
  CHECK(list.text("kind") == "LeaseList");
  CHECK(list.text("items/0/kind").empty());
  Json object;
  target().watch(space.leases() + "?watch=1", [&](const std::string& line) {
    object = parse(line).object;
    return false;
  });
  CHECK(object.at("kind").as_string() == "Lease");
  CHECK(object.at("apiVersion").as_string() == "coordination.k8s.io/v1");
}

TEST_CASE("a watch goes on where a list ended, and ends when its time is over") {
  const Namespace space;
  make_leases(space, 1);
  const auto version = target().get(space.leases()).text("metadata/resourceVersion");
  REQUIRE(target().merge(space.leases("l0"), R"({"spec": {"holderIdentity": "me"}})").status ==
          200);
  REQUIRE(target().remove(space.leases("l0")).status == 200);
  Names types;
  std::set<std::string> versions;
  const auto ended = target().watch(
      space.leases() + "?watch=1&timeoutSeconds=1&resourceVersion=" + version,
      [&](const std::string& line) {
        const auto seen = parse(line);
        types.push_back(seen.type);
        versions.insert(seen.object.at("metadata").at("resourceVersion").as_string());
        return true;
      });
  CHECK(ended.status == 200);
  CHECK(types == Names{"MODIFIED", "DELETED"});
  CHECK(versions.size() == 2);
  CHECK(versions.count(version) == 0);
}

TEST_CASE("a watch without a version begins with what there is") {
  const Namespace space;
  make_leases(space, 3);
  Names types;
  target().watch(space.leases() + "?watch=1&timeoutSeconds=1", [&](const std::string& line) {
    types.push_back(parse(line).type);
    return true;
  });
  CHECK(types == Names{"ADDED", "ADDED", "ADDED"});
}

TEST_CASE("an object that leaves the selector is deleted to a watch, and comes back as added") {
  const Namespace space;
  make_leases(space, 1);
  const auto version = target().get(space.leases()).text("metadata/resourceVersion");
  for (const std::string parity : {"odd", "even"}) {
    const auto patch = fmt::format(R"({{"metadata": {{"labels": {{"parity": "{}"}}}}}})", parity);
    REQUIRE(target().merge(space.leases("l0"), patch).status == 200);
  }
  Names types;
  target().watch(space.leases() + "?watch=1&timeoutSeconds=1&labelSelector=parity%3Deven" +
                     "&resourceVersion=" + version,
                 [&](const std::string& line) {
                   types.push_back(parse(line).type);
                   return true;
                 });
  CHECK(types == Names{"DELETED", "ADDED"});
}

TEST_CASE("a watch that asks for bookmarks gets one before it ends") {
  const Namespace space;
  make_leases(space, 1);
  const auto version = target().get(space.leases()).text("metadata/resourceVersion");
  Json bookmark;
  target().watch(space.leases() + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=8" +
                     "&resourceVersion=" + version,
                 [&](const std::string& line) {
                   const auto seen = parse(line);
                   if (seen.type == "BOOKMARK") bookmark = seen.object;
                   return true;
                 });
  REQUIRE(bookmark.is_object());
  CHECK(bookmark.at("kind").as_string() == "Lease");
  CHECK_FALSE(bookmark.at("metadata").at("resourceVersion").as_string().empty());
  CHECK_FALSE(bookmark.at("metadata").has_field("name"));
}

TEST_CASE("a watch from a version that is long gone gets an ERROR event in a 200") {
  const Namespace space;
  make_leases(space, 1);
  Seen first;
  const auto answer = target().watch(space.events("?watch=1&timeoutSeconds=2&resourceVersion=1"),
                                     [&](const std::string& line) {
                                       first = parse(line);
                                       return false;
                                     });
  CHECK(answer.status == 200);
  if (first.type != "ERROR") {
    WARN("this server is too young to have forgotten anything: nothing to see");
    return;
  }
  CHECK(first.object.at("code").as_integer() == 410);
  CHECK(first.object.at("reason").as_string() == "Expired");
  CHECK(contains(first.object.at("message").as_string(), "too old"));
}

TEST_CASE("a version that is no number is an error") {
  const Namespace space;
  const auto answer = target().watch(space.jobs() + "?watch=1&resourceVersion=abc",
                                     [](const std::string&) { return true; });
  CHECK(answer.status >= 400);
  CHECK(contains(answer.body, R"(resourceVersion: Invalid value: \"abc\")"));
  CHECK(target()
            .watch(space.jobs() + "?watch=1&timeoutSeconds=soon",
                   [](const std::string&) { return true; })
            .status == 400);
}

TEST_CASE("answers carry the server's time") {
  const auto answer = target().get("/version");
  REQUIRE(answer.headers.count("date") == 1);
  CHECK(contains(answer.headers.at("date"), " GMT"));
}

}  // namespace kube_suite
