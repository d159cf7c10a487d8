// The watchdogs' wire: frames, sockets, the door.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <random>

#include "harness/run/heartbeat_door.hpp"
#include "harness/run/rank_log.hpp"
#include "harness/run/watchdog_rendezvous.hpp"

namespace assay::run {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Frame heartbeat(int rank, std::uint64_t word) {
  Frame frame;
  frame.rank = rank;
  frame.word = word;
  frame.unchanged_s = 1.5;
  return frame;
}

Frame incident(std::string sentence, std::vector<int> ranks) {
  Frame frame;
  frame.kind = Frame::Kind::incident;
  frame.incident = {Incident::Kind::lost, std::move(ranks), std::move(sentence)};
  return frame;
}

Frame hello(int rank, const Token& token) {
  Frame frame;
  frame.kind = Frame::Kind::hello;
  frame.rank = rank;
  frame.token = token;
  return frame;
}

TEST(Frame, SurvivesTheWire) {
  FrameReader reader;
  reader.feed(encode(heartbeat(70'000, 0xfedcba9876543210)));
  const auto beat = reader.next();
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->kind, Frame::Kind::heartbeat);
  EXPECT_EQ(beat->rank, 70'000);
  EXPECT_EQ(beat->word, 0xfedcba9876543210);
  EXPECT_EQ(beat->unchanged_s, 1.5);
  reader.feed(encode(incident("rank 5 is gone", {5, 6})));
  const auto news = reader.next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->incident.kind, Incident::Kind::lost);
  EXPECT_EQ(news->incident.sentence, "rank 5 is gone");
  EXPECT_THAT(news->incident.ranks, ElementsAre(5, 6));
  EXPECT_FALSE(reader.next());
}

TEST(Frame, ArrivesInPieces) {
  FrameReader reader;
  auto bytes = encode(incident("x", {}));
  const auto more = encode(heartbeat(3, 4));
  bytes.insert(bytes.end(), more.begin(), more.end());
  std::vector<Frame> frames;
  for (const std::byte byte : bytes) {
    reader.feed(std::span(&byte, 1));
    while (auto frame = reader.next()) frames.push_back(*frame);
  }
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].rank, 3);
}

TEST(Frame, IsCutToItsFixedSize) {
  const std::string endless(5000, 'a');
  const auto bytes = encode(incident(endless, std::vector<int>(1000, 7)));
  EXPECT_EQ(bytes.size(), wide_frame);
  FrameReader reader;
  reader.feed(bytes);
  const auto frame = reader.next();
  EXPECT_EQ(frame->incident.sentence, endless.substr(0, max_text));
  EXPECT_EQ(frame->incident.ranks.size(), max_ranks);
}

TEST(Frame, RefusesWhatIsNoFrame) {
  const auto good = encode(incident("x", {1}));
  const auto spoilt = [&](std::size_t at, int value) {
    auto bytes = good;
    bytes[at] = static_cast<std::byte>(value);
    FrameReader reader;
    reader.feed(bytes);
    return !reader.next() && reader.garbage();
  };
  EXPECT_TRUE(spoilt(0, 0));     // kind
  EXPECT_TRUE(spoilt(0, 9));     // kind
  EXPECT_TRUE(spoilt(1, 5));     // kind of incident
  EXPECT_TRUE(spoilt(3, 0xff));  // number of ranks
  EXPECT_TRUE(spoilt(7, 0xff));  // rank
  EXPECT_TRUE(spoilt(24, 'b'));  // mark
}

TEST(Frame, ReaderStandsAnyBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    FrameReader reader;
    std::vector<std::byte> bytes(random() % 5000);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    reader.feed(bytes);
    EXPECT_FALSE(reader.next());
  }
}

TEST(Token, ComparesEveryByte) {
  const Token token = random_token();
  EXPECT_TRUE(same_token(token, token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    Token other = token;
    other[i] ^= std::byte{0x10};
    EXPECT_FALSE(same_token(token, other)) << i;
  }
  EXPECT_FALSE(same_token(token, random_token()));
}

TEST(Endpoint, SurvivesItsTextForm) {
  const Endpoint endpoint{"boot net:[1]", 65535, {"10.0.0.1", "fd00::1"}, ""};
  const auto back = decode_endpoint(encode(endpoint));
  EXPECT_EQ(back.place, endpoint.place);
  EXPECT_EQ(back.port, 65535);
  EXPECT_THAT(back.addresses, ElementsAre("10.0.0.1", "fd00::1"));
  EXPECT_EQ(decode_endpoint(encode(Endpoint{"p", 0, {}, "no port"})).error, "no port");
}

TEST(RankLog, SaysWhatHappenedAndWhereTheRankWas) {
  EXPECT_EQ(rank_log_text({3, "n1", {Incident::Kind::stopped, {5}, "rank 5 …"}, "start-up"},
                          "2026-01-31T12:00:00Z", 4711),
            "2026-01-31T12:00:00Z stopped: rank 5 …\n"
            "2026-01-31T12:00:00Z rank 3 on host n1 (pid 4711) was in start-up\n");
}

class DoorTest : public testing::Test {
 protected:
  explicit DoorTest(Reach reach = Reach::loopback) : listener_(listen_on(reach)) {
    port_ = listener_.port;
  }
  Door door(std::size_t most_waiting = 8) {
    return Door(
        std::move(listener_),
        {.tokens = tokens_, .rank = 0, .size = 4, .limit_s = 2, .most_waiting = most_waiting});
  }
  Connection knock() {
    auto result = connect_to("127.0.0.1", port_, 2);
    EXPECT_TRUE(result.socket) << result.error;
    return Connection(std::move(result.socket));
  }
  /// Advances until the door is quiet for a moment.
  static std::vector<int> admitted(Door& door, double now_s) {
    std::vector<int> ranks;
    for (int i = 0; i < 20; ++i) {
      for (auto& newcomer : door.advance(now_s)) {
        ranks.push_back(newcomer.rank);
        kept_.push_back(std::move(newcomer.connection));
      }
      ::poll(nullptr, 0, 2);
    }
    return ranks;
  }
  void TearDown() override { kept_.clear(); }

  static inline std::vector<Connection> kept_;
  Tokens tokens_{random_token(), random_token()};
  Listener listener_;
  std::uint16_t port_ = 0;
};

TEST_F(DoorTest, WelcomesWhoShowsTheToken) {
  auto d = door();
  auto client = knock();
  client.send(hello(3, tokens_.client));
  EXPECT_THAT(admitted(d, 0), ElementsAre(3));
  const auto welcome = client.await_one(1);
  ASSERT_TRUE(welcome);
  EXPECT_EQ(welcome->kind, Frame::Kind::welcome);
  EXPECT_TRUE(same_token(welcome->token, tokens_.monitor));
}

TEST_F(DoorTest, DropsWrongTokenWrongRankWrongFrameAndNoise) {
  auto d = door();
  auto token = knock(), rank = knock(), frame = knock(), noise = knock();
  token.send(hello(1, tokens_.monitor));
  rank.send(hello(4, tokens_.client));
  frame.send(heartbeat(1, 0));
  const std::string text = "GET / HTTP/1.1\r\nHost: somebody-else\r\n\r\n";
  ASSERT_GT(::send(noise.fd(), text.data(), text.size(), 0), 0);
  EXPECT_THAT(admitted(d, 0), IsEmpty());
  for (Connection* client : {&token, &rank, &frame, &noise}) {
    EXPECT_FALSE(client->await_one(1));
    EXPECT_TRUE(client->ended());
  }
}

TEST_F(DoorTest, DropsWhoSaysNothingAfterTwoSeconds) {
  auto d = door();
  auto silent = knock();
  EXPECT_THAT(admitted(d, 10), IsEmpty());
  EXPECT_FALSE(silent.await_one(0.05));
  EXPECT_FALSE(silent.ended());
  EXPECT_THAT(admitted(d, 12.1), IsEmpty());
  EXPECT_FALSE(silent.await_one(1));
  EXPECT_TRUE(silent.ended());
}

TEST_F(DoorTest, KeepsAFewWaitingAndServesTheRestLater) {
  auto d = door(2);
  auto a = knock(), b = knock(), honest = knock();
  honest.send(hello(2, tokens_.client));
  EXPECT_THAT(admitted(d, 0), IsEmpty());
  EXPECT_EQ(d.descriptors().size(), 2u);  // no listener among them
  EXPECT_THAT(admitted(d, 2.5), ElementsAre(2));
}

TEST_F(DoorTest, WhatWasSentBeforeTheEndIsRead) {
  auto d = door();
  auto client = knock();
  client.send(hello(1, tokens_.client));
  ASSERT_THAT(admitted(d, 0), ElementsAre(1));
  client.send(heartbeat(1, 42));
  client.finish_sending();
  ::poll(nullptr, 0, 20);
  const auto frames = kept_.back().receive();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].word, 42u);
  EXPECT_TRUE(kept_.back().ended());
}

TEST(Connect, SaysWhyNot) {
  EXPECT_EQ(connect_to("n1.example", 1, 0.1).error, "no numeric address");
  const auto port = listen_on(Reach::loopback).port;  // closed again
  EXPECT_EQ(connect_to("127.0.0.1", port, 1).error, "Connection refused");
}

}  // namespace
}  // namespace assay::run
