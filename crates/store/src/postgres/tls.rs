//! Encryption on the way to the database, as `sslmode` of the connection says, in the words of PostgreSQL's own tools.

use super::Options;
use crate::Fault;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{path::Path, sync::Arc};
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The connection's settings, and how it is encrypted. `sslmode` and `sslrootcert` are taken out of the address, because
/// the driver does not know all of their values.
pub(super) fn configure(options: &Options) -> Result<(Config, MakeRustlsConnect), Fault> {
    let wrong = |why: &dyn std::fmt::Display| {
        Fault::Unavailable(format!(
            "the database's address cannot be used ({why}): it looks like postgres://user:password@host:5432/name"
        ))
    };
    let (address, mode, root) = take_ssl(&options.url);
    let mut config: Config =
        address.parse().map_err(|error: tokio_postgres::Error| wrong(&super::fault::chain(&error)))?;
    let verify = match mode.as_deref() {
        Some("disable") => {
            config.ssl_mode(SslMode::Disable);
            false
        }
        None | Some("prefer") => {
            config.ssl_mode(SslMode::Prefer);
            false
        }
        Some("require") => {
            config.ssl_mode(SslMode::Require);
            // As the other tools do: whoever names a root wants it to be looked at.
            root.is_some()
        }
        Some("verify-full") => {
            config.ssl_mode(SslMode::Require);
            true
        }
        Some(other) => {
            let known = "disable, prefer, require or verify-full";
            return Err(wrong(&format!("sslmode is {other}, and may be {known}")));
        }
    };
    if config.get_application_name().is_none() {
        config.application_name("coulomb");
    }
    Ok((config, MakeRustlsConnect::new(client(verify, root.as_deref())?)))
}

/// The address without what is said about encryption, `sslmode`, and `sslrootcert`.
fn take_ssl(url: &str) -> (String, Option<String>, Option<String>) {
    let Some((address, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => root = Some(value.to_owned()),
            _ => rest.push(pair),
        }
    }
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    (format!("{address}{query}"), mode, root)
}

fn client(verify: bool, root: Option<&str>) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Unavailable(format!("no encryption can be set up: {error}")))?;
    if !verify {
        let anyone = Arc::new(Anyone(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth());
    }
    Ok(builder.with_root_certificates(roots(root)?).with_no_client_auth())
}

/// The certificates that are trusted: those of a file, or those of this machine.
fn roots(file: Option<&str>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let wrong = |error: &dyn std::fmt::Display| Fault::Unavailable(format!("sslrootcert {file}: {error}"));
    let certificates = CertificateDer::pem_file_iter(Path::new(file)).map_err(|error| wrong(&error))?;
    for certificate in certificates {
        roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
    }
    Ok(roots)
}

/// `sslmode` `prefer` and `require` without a root: encrypted, and talking to whoever answers.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
