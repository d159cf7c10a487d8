#include "harness/comm/team.hpp"

#include <algorithm>

#include "harness/core/error.hpp"

namespace assay::comm {

std::string broadcast_text(Team& team, std::string text, int root) {
  text.resize(broadcast_value(team, text.size(), root));
  team.broadcast(std::as_writable_bytes(std::span(text)), root);
  return text;
}

std::vector<std::string> gather_text(Team& team, std::string_view text, int root) {
  const auto parts = team.gather(std::as_bytes(std::span(text)), root);
  std::vector<std::string> texts(parts.size());
  std::transform(parts.begin(), parts.end(), texts.begin(), [](const auto& bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return texts;
}

bool all_agree(Team& team, bool mine) {
  double dissent = mine ? 0 : 1;
  team.max(std::span(&dissent, 1));
  return dissent == 0;
}

namespace {

class SoloTeam final : public Team {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void barrier() override {}
  void broadcast(std::span<std::byte>, int) override {}
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes, int) override {
    return {{bytes.begin(), bytes.end()}};
  }
  void max(std::span<double>) override {}
  void send(std::span<const std::byte>, int) override { invariant(false, alone); }
  void receive(std::span<std::byte>, int) override { invariant(false, alone); }
  std::unique_ptr<Team> split(int color, int) override {
    return color < 0 ? nullptr : make_solo_team();
  }

 private:
  static constexpr const char* alone = "a team of one has nobody to send to or receive from";
};

}  // namespace

std::unique_ptr<Team> make_solo_team() { return std::make_unique<SoloTeam>(); }

}  // namespace assay::comm
