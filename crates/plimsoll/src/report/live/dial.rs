//! Addresses of sources, and connections to them: TCP, and TLS where the address asks for it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tokio_tungstenite::MaybeTlsStream;

use super::SourceFault;

/// Longest address.
const ADDRESS_BYTES_MAX: usize = 2_048;

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
    host: String,
    port: u16,
    is_socket: bool,
    is_tls: bool,
}

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
#[error("{address} is no address of a source: write one such as https://host/path or wss://host")]
pub struct AddressError {
    address: String,
}

/// Makes connections.
#[derive(Clone)]
pub struct Dialer {
    tls: TlsConnector,
}

/// Why there is no dialer.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of certificate authorities.
    #[error("the file of certificate authorities does not read")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// One of them.
    #[error("a certificate authority in the file cannot be used")]
    Rustls(#[from] rustls::Error),
    /// None of them.
    #[error("the file holds no certificate in PEM")]
    Empty,
}

impl Address {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let wrong = || AddressError { address: text.chars().take(128).collect() };
        if ADDRESS_BYTES_MAX < text.len() {
            return Err(wrong());
        }
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (is_socket, is_tls) = match uri.scheme_str() {
            Some("http") => (false, false),
            Some("https") => (false, true),
            Some("ws") => (true, false),
            Some("wss") => (true, true),
            _ => return Err(wrong()),
        };
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Address { host, port, is_socket, is_tls, uri })
    }

    /// True for WebSocket.
    pub fn is_socket(&self) -> bool {
        self.is_socket
    }

    /// As it was written.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl Dialer {
    /// Trusts the built-in certificate authorities, and those in a PEM file.
    pub fn new(more: Option<&Path>) -> Result<Dialer, TrustError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = more {
            let before = roots.len();
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
            if roots.len() == before {
                return Err(TrustError::Empty);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Dialer { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Connects, within `patience`.
    pub async fn dial(
        &self,
        address: &Address,
        patience: Duration,
    ) -> Result<MaybeTlsStream<TcpStream>, SourceFault> {
        let dialled = tokio::time::timeout(patience, self.connect(address)).await;
        let within_ms = patience.as_millis();
        dialled.map_err(|_| SourceFault::TooSlow { within_ms })?.map_err(SourceFault::Dial)
    }

    async fn connect(&self, address: &Address) -> io::Result<MaybeTlsStream<TcpStream>> {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        if !address.is_tls {
            return Ok(MaybeTlsStream::Plain(stream));
        }
        let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
        Ok(MaybeTlsStream::Rustls(self.tls.connect(name, stream).await?))
    }
}
