//! An authority and the certificates of nodes, in a directory that goes away.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::raft::TlsFiles;

/// The authority of one cluster.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("ca.pem"), issuer.pem()).expect("a file");
        Authority { issuer, dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes the certificate of a node.
    pub(crate) fn files(&self, node: u64) -> TlsFiles {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![format!("node-{node}.plimsoll")]);
        let certificate = params.expect("a name").signed_by(&key, &self.issuer);
        let path = |ending: &str| self.dir().join(format!("node-{node}.{ending}"));
        fs::write(path("pem"), certificate.expect("a certificate").pem()).expect("a file");
        fs::write(path("key"), key.serialize_pem()).expect("a file");
        let authority = self.dir().join("ca.pem");
        TlsFiles { authority, chain: path("pem"), key: path("key") }
    }
}
