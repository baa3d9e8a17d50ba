//! Every method of the table answers.

use gateway::{Needs, Tier, methods};
use serde_json::json;

use crate::world::{World, code};

#[tokio::test]
async fn every_method_of_the_table_answers_something_of_its_own() {
    let world = World::new().await;
    let mut client = world.trader().await;
    // What would be proposed is refused, so that nothing waits.
    *world.venue.busy.lock().expect("nobody panicked") = usize::MAX;
    let mut n_minimum = 0;
    for method in methods().iter().filter(|method| method.name != "private/logout") {
        let reply = client.call(method.name, json!({})).await;
        assert!(reply.get("result").is_some() != reply.get("error").is_some(), "{reply}");
        assert_ne!(code(&reply), -32601, "{}", method.name);
        assert_ne!(code(&reply), 13009, "{}", method.name);
        let is_forbidden = code(&reply) == 13021;
        assert_eq!(is_forbidden, method.needs == Needs::Operator, "{}: {reply}", method.name);
        n_minimum += usize::from(method.tier == Tier::Minimum);
    }
    assert_eq!(n_minimum, 60, "of 61, without logout");
}

#[tokio::test]
async fn every_private_method_wants_a_login_and_every_socket_method_a_socket() {
    let world = World::new().await;
    for method in methods() {
        let response = world.get(&format!("/api/v2/{}", method.name)).await;
        let code = code(&response.body);
        match (method.needs, method.is_socket_only) {
            (Needs::Nothing, true) => assert_eq!(code, 10030, "{}", method.name),
            (Needs::Nothing, false) => assert_ne!(code, 13009, "{}", method.name),
            _ => assert_eq!((response.status, code), (401, 13009), "{}", method.name),
        }
    }
}
