//! TLS for the TCP listeners: a certificate chain and its key, from files in PEM.

use std::path::Path;
use std::sync::Arc;

use standfast_linux::files::read_regular;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::limits;

/// Reads both files; what is wrong with them as a text.
pub(super) fn acceptor(chain: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let wrong = |path: &Path, why: String| format!("http_tls {}: {why}", path.display());
    let read = |path: &Path| {
        let bytes = read_regular(path, limits::SECRET_BYTES);
        bytes.map_err(|error| wrong(path, error.to_string()))
    };
    let (chain_text, key_text) = (read(chain)?, zeroize::Zeroizing::new(read(key)?));
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain_text)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(chain, error.to_string()))?;
    let private = PrivateKeyDer::from_pem_slice(&key_text);
    let private = private.map_err(|error| wrong(key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(chain, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(|error| wrong(chain, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
