// Where a figure stands: which cases, groups, ranks and hosts. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/contract.hpp"
#include "harness/core/layout.hpp"
#include "harness/result/document.hpp"

namespace assay::contract {

/// Cases that the selector matches, measured or not, by id.
std::vector<const result::CaseResult*> selected(const result::ResultDocument& document,
                                                const Selector& selector);

/// The layout of a key, and of a case; nullptr where the document lacks it.
const Layout* layout_named(const result::ResultDocument& document, const std::string& key);
const Layout* layout_of(const result::ResultDocument& document, const result::CaseResult& c);

/// Groups that the layout promises, whether or not they left samples; 0 without a layout.
std::size_t groups_of(const result::ResultDocument& document, const result::CaseResult& c);

/// Of a case that was not measured: "skipped: …" or "not finished: …", with its reason.
std::string why_unmeasured(const result::CaseResult& c);

/// Ranks → hosts, looked up in constant time.
class HostMap {
 public:
  explicit HostMap(const result::TopologyInfo& topology);
  /// Indices of the hosts that `group` touches, ascending.
  std::vector<std::size_t> hosts_of(const Group& group) const;
  const std::string& name(std::size_t host) const { return names_[host]; }
  std::vector<std::string> names(const std::vector<std::size_t>& hosts) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> host_of_rank_;
};

/// "host n1", "rank 3 on host n0", "ranks 0,8 between n0 and n1", "ranks 0-31 on 4 hosts".
std::string subject(std::string_view layout, const std::string& ranks,
                    const std::vector<std::string>& hosts);

/// A case with its groups, and what a person calls each of them. Points into the document.
struct CaseGroups {
  const result::CaseResult* c = nullptr;
  const Layout* layout = nullptr;  ///< nullptr where the document lacks it
  std::size_t groups = 0;          ///< as groups_of()
  const HostMap* hosts = nullptr;

  /// subject() of one of its groups.
  std::string name(std::size_t group) const;
};
CaseGroups case_groups(const result::ResultDocument& document, const result::CaseResult& c,
                       const HostMap& hosts);

/// Failing groups of one case.
struct FailedGroups {
  const Layout* layout = nullptr;
  std::vector<std::size_t> groups;
};

/// The hosts that failing groups speak against. A group on one host names it. Groups that span
/// hosts name those of whose groups more than half failed (and within 10% of the largest such
/// share), provided some group of the case did not fail without them being told apart: a host is
/// named only if it has a failing group that holds no other suspect, and if not every host of the
/// case is a suspect. So a slow world names nobody, and a slow pair of two hosts neither.
/// Ascending by name, without repeats.
std::vector<std::string> blamed_hosts(const std::vector<FailedGroups>& failed,
                                      const HostMap& hosts);

}  // namespace assay::contract
