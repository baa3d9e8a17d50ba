//! Who the nodes are: certificates of the cluster's own authority, shown by both sides.
//!
//! ```text
//!   ca.pem ──signs──▶ node-1.pem  (DNS name node-1.plimsoll)  node-1.key
//!          ──signs──▶ node-2.pem  (DNS name node-2.plimsoll)  node-2.key
//!
//!   client  checks chain to ca.pem, and the name of the node that it calls
//!   server  checks chain to ca.pem, then, by the hello, the name of the node that calls
//! ```
//! TLS 1.3 only: all nodes are ours. It does not renew or revoke certificates: restart a node with
//! the new files, or make a new authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use webpki::EndEntityCert;

/// Where a node's identity lies on disk; all in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the cluster's authority.
    pub authority: PathBuf,
    /// The node's certificate, then those between it and the authority.
    pub chain: PathBuf,
    /// The node's private key.
    pub key: PathBuf,
}

/// What a node shows, and what it demands of others.
#[derive(Clone, Debug)]
pub struct Tls {
    pub(super) client: Arc<ClientConfig>,
    pub(super) server: Arc<ServerConfig>,
}

/// Why a node has no identity.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read, or that has no such part.
    #[error("{path}: it must be PEM with {wanted}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// A certificate of the authority that is none.
    #[error(
        "{path}: it must hold X.509 certificates of the cluster's authority",
        path = path.display()
    )]
    Authority {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The authority cannot be used to check who calls.
    #[error("{path}: it must hold a certificate at least", path = path.display())]
    Verifier {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: VerifierBuilderError,
    },
    /// The certificate is that of another node, or of none.
    #[error(
        "{path}: the certificate must be for the DNS name {name}, by which the other nodes know \
         this one",
        path = path.display()
    )]
    Name {
        /// Which file.
        path: PathBuf,
        /// What should stand in it.
        name: String,
        /// What is wrong.
        source: webpki::Error,
    },
    /// Certificate and key do not belong together, or are of a kind that is not known.
    #[error(
        "{chain} and {key}: they must be a certificate and its own private key, ECDSA, Ed25519 or \
         RSA",
        chain = chain.display(),
        key = key.display()
    )]
    Pair {
        /// The file of the certificate.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads the identity of node `node`, and checks that it is that node's.
    pub fn load(files: &TlsFiles, node: u64) -> Result<Tls, TlsError> {
        let roots = Arc::new(read_authority(&files.authority)?);
        let chain = read_chain(&files.chain)?;
        check_own_name(&files.chain, &chain, node)?;
        let read = || {
            PrivateKeyDer::from_pem_file(&files.key)
                .map_err(|source| file_error(&files.key, "a private key", source))
        };
        let mismatch =
            |source| TlsError::Pair { chain: files.chain.clone(), key: files.key.clone(), source };
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|source| TlsError::Verifier { path: files.authority.clone(), source })?;
        let client = client_versions(&provider)
            .with_root_certificates(roots)
            .with_client_auth_cert(chain.clone(), read()?)
            .map_err(mismatch)?;
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .expect("ring has the cipher suites of TLS 1.3")
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, read()?)
            .map_err(mismatch)?;
        Ok(Tls { client: Arc::new(client), server: Arc::new(server) })
    }
}

/// The name in the certificate of a node.
pub fn node_name(node: u64) -> String {
    format!("node-{node}.plimsoll")
}

pub(super) fn server_name(node: u64) -> ServerName<'static> {
    ServerName::try_from(node_name(node)).expect("letters, digits, a dash and a dot are a DNS name")
}

/// Whether a certificate, whose chain was checked, is that of `node`.
pub(super) fn check_certificate(
    certificate: &CertificateDer<'_>,
    node: u64,
) -> Result<(), webpki::Error> {
    EndEntityCert::try_from(certificate)?.verify_is_valid_for_subject_name(&server_name(node))
}

fn client_versions(
    provider: &Arc<CryptoProvider>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .expect("ring has the cipher suites of TLS 1.3")
}

fn read_authority(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(path)? {
        roots
            .add(certificate)
            .map_err(|source| TlsError::Authority { path: path.to_path_buf(), source })?;
    }
    Ok(roots)
}

/// The certificates of a file; one at least.
fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wanted = "a certificate";
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let chain: Vec<_> = read.map_err(|source| file_error(path, wanted, source))?;
    match chain.is_empty() {
        true => Err(file_error(path, wanted, pem::Error::NoItemsFound)),
        false => Ok(chain),
    }
}

fn check_own_name(
    path: &Path,
    chain: &[CertificateDer<'static>],
    node: u64,
) -> Result<(), TlsError> {
    let own = chain.first().expect("a chain that was read has a certificate");
    check_certificate(own, node).map_err(|source| TlsError::Name {
        path: path.to_path_buf(),
        name: node_name(node),
        source,
    })
}

fn file_error(path: &Path, wanted: &'static str, source: pem::Error) -> TlsError {
    TlsError::File { path: path.to_path_buf(), wanted, source }
}
