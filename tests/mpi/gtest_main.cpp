#include "tests/mpi/gtest_main.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace assay::tests {
namespace {

comm::Session* the_session = nullptr;

/// What ranks other than 0 print.
class FailuresOnly final : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed())
      std::fprintf(stderr, "rank %d: %s:%d: %s\n", session().world().rank(), result.file_name(),
                   result.line_number(), result.message());
  }
};

}  // namespace

comm::Session& session() { return *the_session; }

}  // namespace assay::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto session = assay::comm::open_session();
  assay::tests::the_session = session.get();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (session->world().rank() != 0) {
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new assay::tests::FailuresOnly);  // owned by the listeners
  }
  const int mine = RUN_ALL_TESTS();
  const bool all_well = assay::comm::all_agree(session->world(), mine == 0);
  if (mine != 0)
    std::fprintf(stderr, "rank %d of %d failed\n", session->world().rank(),
                 session->world().size());
  session->close();
  return all_well ? 0 : 1;
}
