//! The cluster's own authority, and the certificates that it makes for nodes.
//!
//! ```text
//!   ca.key ── signs ──▶ node.pem    for the name node-<number>.plimsoll, as server and as client
//!     └── ca.pem: all that a node needs to know the others
//! ```
//! A node is who its certificate says, wherever it is: addresses may change, numbers do not. The
//! authority signs nothing but nodes, and nothing else signs a node.

use anyhow::Context;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::clock;

/// How long a certificate holds.
const YEARS: u64 = 10;

/// Who makes certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, PEM.
pub struct Made {
    /// `node.pem`
    pub certificate: String,
    /// `node.key`
    pub key: String,
}

/// The name in the certificate of a node.
pub fn node_name(node: u64) -> String {
    format!("node-{node}.plimsoll")
}

impl Authority {
    /// Makes one for a cluster; also its certificate and its key, PEM.
    pub fn make(cluster: &str) -> anyhow::Result<(Authority, Made)> {
        let key = KeyPair::generate().context("making a key")?;
        let params = authority_params(cluster)?;
        let certificate: Certificate = params.self_signed(&key).context("signing the authority")?;
        let made = Made { certificate: certificate.pem(), key: key.serialize_pem() };
        Ok((Authority { issuer: Issuer::new(params, key) }, made))
    }

    /// The one of a cluster whose key is in a file. What it signs names it by the cluster's name.
    pub fn open(cluster: &str, key: &str) -> anyhow::Result<Authority> {
        let key = KeyPair::from_pem(key).context("reading the authority's key")?;
        Ok(Authority { issuer: Issuer::new(authority_params(cluster)?, key) })
    }

    /// Makes what a node shows to the others.
    pub fn certify(&self, node: u64) -> anyhow::Result<Made> {
        let name = node_name(node);
        let mut params = CertificateParams::new(vec![name.clone()]).context("naming the node")?;
        params.distinguished_name = named(&name);
        lasting(&mut params);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().context("making a key")?;
        let certificate = params.signed_by(&key, &self.issuer).context("signing the node")?;
        Ok(Made { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn authority_params(cluster: &str) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).context("naming the authority")?;
    params.distinguished_name = named(&format!("Plimsoll cluster {cluster}"));
    lasting(&mut params);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// From the beginning of last year: clocks of machines differ, and time zones.
fn lasting(params: &mut CertificateParams) {
    let (year, month, _) = clock::log_time().date();
    let year = |years: u64| i32::try_from(year + years).unwrap_or(i32::MAX);
    let month = u8::try_from(month).unwrap_or(1);
    params.not_before = date_time_ymd(year(0) - 1, 1, 1);
    params.not_after = date_time_ymd(year(YEARS), month, 1);
}
