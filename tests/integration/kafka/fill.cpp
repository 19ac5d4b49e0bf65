// kafka_fill BROKER TOPIC PARTITIONS RECORDS GROUP: makes the topic, with as many records in each
// partition, and the group, which has committed that it has read none of them.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "test_client.h"

namespace {

void fill(char** arguments) {
  using jobscaler::kafka::Partition;
  const std::string topic = arguments[2];
  const int partitions = std::atoi(arguments[3]);
  jobscaler::kafka::test::TestClient client(arguments[1]);
  client.create_topic(topic, partitions);
  for (int i = 0; i < partitions; ++i) {
    const Partition partition{topic, i};
    client.produce(partition, std::atoi(arguments[4]));
    client.commit(arguments[5], partition, 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s BROKER TOPIC PARTITIONS RECORDS GROUP\n", argv[0]);
    return 2;
  }
  try {
    fill(argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return 0;
}
