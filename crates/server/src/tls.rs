//! TLS for whomever this server calls: the machine's own list of authorities, by the same library as for the database.

use rustls::{ClientConfig, Error, RootCertStore, crypto::ring};
use std::sync::Arc;

/// How a client recognises the other side.
pub fn client() -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
