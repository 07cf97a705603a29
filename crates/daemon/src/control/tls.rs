//! TLS for the TCP listeners: a certificate chain and its key, from files in PEM.

use std::path::Path;
use std::sync::Arc;

use standfast_linux::files::read_regular;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::limits;

/// The library's own words may have a part of the file, which may be the key.
fn in_words(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no END line of its own",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is damaged",
        pem::Error::Base64Decode(_) => "what is between BEGIN and END is no base64",
        pem::Error::NoItemsFound => "there is nothing of that kind in PEM in it",
        _ => "it is no file in PEM",
    }
}

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
        .map_err(|error| wrong(chain, in_words(&error).into()))?;
    let private = PrivateKeyDer::from_pem_slice(&key_text);
    let private = private.map_err(|error| wrong(key, in_words(&error).into()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(chain, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(|error| wrong(chain, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_key_is_not_told() {
        for text in [
            "-----BEGIN PRIVATE KEY-----SECRET-----",
            "-----BEGIN SECRET",
            "-----BEGIN PRIVATE KEY-----\nSE.CRET\n-----END PRIVATE KEY-----\n",
            "SECRET",
        ] {
            let error = PrivateKeyDer::from_pem_slice(text.as_bytes()).unwrap_err();
            let words = in_words(&error);
            assert!(!words.is_empty() && !words.contains("SECRET"), "{words}");
        }
    }
}
