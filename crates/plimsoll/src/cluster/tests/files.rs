//! The files of a cluster on a real disk, and certificates as rustls sees them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use expect_test::expect;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::cli::{ClusterCertificate, ClusterInit};
use crate::cluster::Member;
use crate::cluster::authority::node_name;
use crate::cluster::files::{self, certificate, init};
use crate::config::Config;

fn member(node: u64, zone: &str) -> Member {
    let text = format!("{node}=10.0.0.{node}:7001,api=10.0.0.{node}:8080,zone={zone}");
    Member::parse(&text).expect("it is well formed")
}

fn fleet(dir: &Path) -> ClusterInit {
    let members = vec![member(2, "b"), member(1, "a"), member(3, "c")];
    ClusterInit { dir: dir.to_owned(), id: "blue".into(), members, one_zone: false }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

#[test]
fn each_node_has_its_file_and_all_have_the_same_keys() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let dir = home.path().join("fleet");
    init(&fleet(&dir)).expect("it is made");
    for node in 1..=3 {
        let home = files::home(&dir, node);
        let (config, _) = Config::read(Some(&home.join("plimsoll.toml")), Vec::new())
            .unwrap_or_else(|error| panic!("node {node}: {error}"));
        let cluster = config.cluster.expect("it is one of a cluster");
        assert_eq!((cluster.node, cluster.begin), (node, node == 1));
        assert_eq!(cluster.key, home.join("node.key"));
        for secret in ["node.key", "data/keys.json", "data/notice.pem"] {
            assert_eq!(mode(&home.join(secret)), 0o600, "{secret} of node {node}");
        }
        for shared in ["ca.pem", "data/keys.json", "data/notice.pem"] {
            let first = text(&files::home(&dir, 1).join(shared));
            assert_eq!(text(&home.join(shared)), first, "{shared} of node {node}");
        }
    }
    assert_eq!(mode(&dir.join("ca.key")), 0o600);
    let keys = text(&dir.join("node-1/data/keys.json"));
    assert!(keys.contains("\"operator\"") && !dir.join("node-1/ca.key").exists());
    expect![[r##"
        # Node 1 of the cluster "blue", node-1.plimsoll in its certificate. What each key means:
        #   plimsoll config explain --config plimsoll.toml
        data = "data"
        listen = "10.0.0.1:8080"

        [cluster]
        id = "blue"
        node = 1
        listen = "10.0.0.1:7001"
        ca = "ca.pem"
        certificate = "node.pem"
        key = "node.key"
        begin = true

        [[cluster.peer]]
        node = 1
        address = "10.0.0.1:7001"
        zone = "a"
        api = "10.0.0.1:8080"

        [[cluster.peer]]
        node = 2
        address = "10.0.0.2:7001"
        zone = "b"
        api = "10.0.0.2:8080"

        [[cluster.peer]]
        node = 3
        address = "10.0.0.3:7001"
        zone = "c"
        api = "10.0.0.3:8080"
    "##]]
    .assert_eq(&text(&dir.join("node-1/plimsoll.toml")));
}

#[test]
fn nothing_is_overwritten_and_a_refused_layout_writes_nothing() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let dir = home.path().join("fleet");
    let crowded = ClusterInit { members: vec![member(1, "a"), member(2, "a")], ..fleet(&dir) };
    let told = init(&crowded).expect_err("one zone holds a quorum").to_string();
    assert!(told.contains("2 of 2 members, and 2 are a quorum"), "{told}");
    assert!(!dir.exists(), "nothing was written");
    init(&ClusterInit { one_zone: true, ..crowded }).expect("it is made");
    let before = text(&dir.join("ca.pem"));
    let told = init(&fleet(&dir)).expect_err("it is there").to_string();
    assert!(told.contains("node-1") && told.contains("ca.key"), "{told}");
    assert!(!files::home(&dir, 3).exists(), "nothing was written");
    assert_eq!(text(&dir.join("ca.pem")), before);
}

fn ca(dir: &Path) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(dir.join("ca.pem")).expect("it is a certificate");
    roots.add(ca).expect("it is an authority");
    Arc::new(roots)
}

/// Whether the authority in `by` knows the node in `of` by the name of a number, as server and as
/// client.
fn knows(by: &Path, of: &Path, number: u64) -> (bool, bool) {
    let provider = Arc::new(default_provider());
    let shown = CertificateDer::from_pem_file(of.join("node.pem")).expect("it is a certificate");
    let server = WebPkiServerVerifier::builder_with_provider(ca(by), provider.clone());
    let server = server.build().expect("there is a root");
    let name = ServerName::try_from(node_name(number)).expect("it is a name");
    let now = UnixTime::now();
    let as_server = server.verify_server_cert(&shown, &[], &name, &[], now).is_ok();
    let client = WebPkiClientVerifier::builder_with_provider(ca(by), provider);
    let client = client.build().expect("there is a root");
    (as_server, client.verify_client_cert(&shown, &[], now).is_ok())
}

#[test]
fn a_certificate_is_for_one_node_of_one_cluster_both_ways() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (dir, other) = (home.path().join("fleet"), home.path().join("other"));
    init(&fleet(&dir)).expect("it is made");
    init(&fleet(&other)).expect("it is made");
    let first = files::home(&dir, 1);
    assert_eq!(knows(&dir, &first, 1), (true, true));
    assert!(!knows(&dir, &first, 2).0, "another node");
    assert_eq!(knows(&other, &first, 1), (false, false), "another cluster of the same name");
    let chain = vec![CertificateDer::from_pem_file(first.join("node.pem")).expect("it is there")];
    let key = PrivateKeyDer::from_pem_file(first.join("node.key")).expect("it is a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    assert!(config.is_ok(), "the key is the certificate's: {config:?}");
}

#[test]
fn one_more_node_is_known_to_the_first_ones() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let dir = home.path().join("fleet");
    init(&fleet(&dir)).expect("it is made");
    let args = |node, members| ClusterCertificate { dir: dir.clone(), node, members };
    certificate(&args(4, vec![member(4, "b")])).expect("it is made");
    let fourth = files::home(&dir, 4);
    assert_eq!(knows(&dir, &fourth, 4), (true, true));
    let (config, _) = Config::read(Some(&fourth.join("plimsoll.toml")), Vec::new())
        .expect("it is a configuration");
    let cluster = config.cluster.expect("it is one of a cluster");
    assert_eq!((cluster.id.as_str(), cluster.begin, cluster.peers.len()), ("blue", false, 4));
    let first = files::home(&dir, 1);
    assert_eq!(text(&fourth.join("data/keys.json")), text(&first.join("data/keys.json")));

    let told = certificate(&args(4, vec![member(4, "b")])).expect_err("it is there").to_string();
    assert!(told.contains("node-4 already"), "{told}");
    let told =
        certificate(&args(5, vec![member(6, "b")])).expect_err("it is not named").to_string();
    assert!(told.contains("give --member 5="), "{told}");
}
