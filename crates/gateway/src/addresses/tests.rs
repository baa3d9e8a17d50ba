//! Connections and credits of addresses.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Addresses, group};
use crate::credits::Rate;

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn connections_are_counted_while_they_last() {
    let rate = Rate { burst: 1, per_s: 1 };
    let addresses = Arc::new(Addresses::default());
    let one = addresses.connect(address("10.0.0.1"), 0, rate);
    let two = addresses.connect(address("10.0.0.1"), 0, rate);
    let other = addresses.connect(address("10.0.0.2"), 0, rate);
    assert_eq!([one.n_connections, two.n_connections, other.n_connections], [1, 2, 1]);
    drop(one);
    drop(two);
    assert_eq!(addresses.connect(address("10.0.0.1"), 0, rate).n_connections, 1);
}

#[test]
fn an_ipv6_network_is_one_address_and_a_mapped_one_is_itself() {
    assert_eq!(group(address("2001:db8::1")), group(address("2001:db8::ffff:2")));
    assert_ne!(group(address("2001:db8:0:1::1")), group(address("2001:db8:0:2::1")));
    assert_eq!(group(address("::ffff:10.0.0.1")), address("10.0.0.1"));
}

#[test]
fn credits_outlive_connections() {
    let rate = Rate { burst: 1, per_s: 1 };
    let addresses = Arc::new(Addresses::default());
    let connected = addresses.connect(address("10.0.0.1"), 0, rate);
    assert!(addresses.take(address("10.0.0.1"), 0, rate, 1).is_ok());
    drop(connected);
    assert!(addresses.take(address("10.0.0.1"), 0, rate, 1).is_err());
    assert!(addresses.take(address("10.0.0.2"), 0, rate, 1).is_ok());
}
