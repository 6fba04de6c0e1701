//! How the mail server is reached: encryption, whose word for its certificate is taken, how long it may take, and what it
//! means when it does not take a mail. What is mailed to whom is in `mail`.

use super::settings::{MailSettings, Smtp};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        Error,
        client::{Certificate, CertificateStore, Tls, TlsParameters, TlsParametersBuilder},
    },
};
use std::{path::Path, time::Duration};
use url::Url;

/// Why a mail was not sent.
pub enum Unsent {
    /// This recipient is refused for good.
    Refused(String),
    /// It may work later.
    Failed(String),
}

/// Hands mail to the mail server. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl Transport {
    /// To this server, as the settings say; the error is a sentence for whoever wrote them.
    pub fn new(settings: &MailSettings, smtp: &Smtp) -> Result<Transport, String> {
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp.url())
            .map_err(|_| "mail.smtp cannot be used: its host or its parameters are not understood")?
            .timeout(Some(settings.timeout));
        if let Some(root) = &settings.tls_root {
            builder = builder.tls(encryption(smtp, root)?);
        }
        Ok(Transport { smtp: builder.build(), timeout: settings.timeout })
    }

    /// Sends one mail, if the server takes it in time: the library itself limits only how long connecting takes.
    pub async fn send(&self, message: Message) -> Result<(), Unsent> {
        match tokio::time::timeout(self.timeout, self.smtp.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(late()),
        }
    }
}

/// TLS with a server whose certificate one of the authorities in this file answers for, and no other.
fn encryption(smtp: &Smtp, root: &Path) -> Result<Tls, String> {
    let wrong = |why: &str| format!("mail.tls_root {}: {why}", root.display());
    let pem = std::fs::read(root).map_err(|error| wrong(&error.to_string()))?;
    if !pem.windows(PEM.len()).any(|part| part == PEM) {
        return Err(wrong("it has no certificate in PEM"));
    }
    let unread = |_: Error| wrong("its certificates cannot be read; they are wanted in PEM");
    let url = Url::parse(smtp.url()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let parameters: TlsParameters = TlsParametersBuilder::new(host.to_owned())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(Certificate::from_pem(&pem).map_err(unread)?)
        .build_rustls()
        .map_err(unread)?;
    match url.as_ref().map(Url::scheme) {
        Some("smtps") => Ok(Tls::Wrapper(parameters)),
        _ => Ok(Tls::Required(parameters)),
    }
}

/// How a certificate begins in a PEM file.
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn late() -> Unsent {
    Unsent::Failed("the mail server did not answer in time".into())
}

/// Says without any address what went wrong: servers repeat addresses in their answers.
fn unsent(error: &Error) -> Unsent {
    let Some(code) = error.status() else {
        return if error.is_timeout() {
            late()
        } else if error.is_tls() {
            Unsent::Failed("no encrypted connection to the mail server can be made".into())
        } else {
            Unsent::Failed("the mail server cannot be reached, or does not speak as it should".into())
        };
    };
    let code = code.to_string();
    // 530 to 538 are about us: that we should encrypt, or who we say we are.
    if error.is_permanent() && !code.starts_with("53") {
        Unsent::Refused(format!("the mail server answered {code}"))
    } else {
        Unsent::Failed(format!("the mail server answered {code}"))
    }
}
