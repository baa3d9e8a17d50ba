//! Where the nodes of a local cluster are, and what its line says.

use super::new_members;
use crate::config::check_members;

#[test]
fn a_local_cluster_has_ports_in_a_row_and_a_zone_for_each_node() {
    let members = new_members(3, 18_080).expect("there are free ports");
    let apis: Vec<&str> = members.iter().map(|member| member.api.as_str()).collect();
    assert_eq!(apis, ["127.0.0.1:18080", "127.0.0.1:18081", "127.0.0.1:18082"]);
    let zones: String = members.iter().map(|member| member.zone.as_str()).collect();
    assert_eq!(zones, "abc");
    assert_eq!(check_members(&members, false), []);
}

#[test]
fn free_ports_are_all_different() {
    let members = new_members(9, 0).expect("there are free ports");
    assert_eq!(check_members(&members, false), []);
}
