#include "harness/run/packer.hpp"

#include <gtest/gtest.h>

namespace assay::run {
namespace {

TEST(Packer, BringsEverythingBackInOrder) {
  Packer out;
  out.put(7);
  out.put(std::string("host n1"));
  out.put(std::vector<float>{1.5F, -2.0F});
  out.put(std::vector<float>{});
  out.put(std::map<std::string, double, std::less<>>{{"bus_bytes", 3.0}});
  Unpacker in(out.bytes());
  EXPECT_EQ(in.get<int>(), 7);
  EXPECT_EQ(in.text(), "host n1");
  EXPECT_EQ(in.floats(), (std::vector<float>{1.5F, -2.0F}));
  EXPECT_TRUE(in.floats().empty());
  const auto map = in.map<std::map<std::string, double, std::less<>>>(
      [](Unpacker& from) { return from.get<double>(); });
  EXPECT_EQ(map.at("bus_bytes"), 3.0);
}

TEST(Packer, AMessageCutShortIsNoticed) {
  Packer out;
  out.put(std::string("host n1"));
  Unpacker in(out.bytes().first(out.bytes().size() - 1));
  EXPECT_THROW(in.text(), InternalError);
}

}  // namespace
}  // namespace assay::run
