//! What the configuration says of notices: endpoints of the host, and the mail server. Secrets and passwords go in here and
//! are never shown again, also not to programmers.

use super::{address::is_public, kind::Kind, signature::Secret};
use crate::config::wait;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, num::NonZeroUsize, path::PathBuf, time::Duration};
use url::{Host, Url};

/// The longest name of an endpoint; it is part of the id of each notice that waits for it.
const NAME_MAX: usize = 32;

/// Webhooks to the host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// How long an endpoint may take to answer.
    #[serde(deserialize_with = "wait")]
    pub timeout: Duration,
    /// For how long a notice is tried again.
    #[serde(deserialize_with = "wait")]
    pub give_up: Duration,
    /// Organizations whose notices are sent at the same time.
    pub at_once: NonZeroUsize,
    /// Whether endpoints may be on this machine or in a private network, and do without TLS.
    pub allow_private_networks: bool,
    /// Where notices are sent.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
}

impl Default for WebhookSettings {
    fn default() -> WebhookSettings {
        WebhookSettings {
            timeout: Duration::from_secs(10),
            give_up: Duration::from_hours(72),
            at_once: const { NonZeroUsize::new(16).expect("16 is not 0") },
            allow_private_networks: false,
            endpoints: Vec::new(),
        }
    }
}

/// Where the host wants to hear of what happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// What it is called: part of the id of each notice that waits for it.
    pub name: String,
    /// Where it is.
    pub url: Target,
    /// What its notices are signed with; each of them, so that one can be replaced by another.
    pub secrets: Vec<Secret>,
    /// Which kinds it wants; none: all.
    #[serde(default)]
    pub types: Option<BTreeSet<Kind>>,
}

impl Endpoint {
    /// Whether it wants to hear of this.
    pub fn wants(&self, kind: Kind) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&kind))
    }
}

/// The URL of an endpoint. Shown, it is the scheme, the host and the port: a path may be a secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Target(Url);

impl Target {
    /// The whole of it.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Target, String> {
        let url = Url::parse(&text).map_err(|error| format!("this is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("an endpoint's URL begins with https:// (or http:// in a private network)".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an endpoint's URL has no user and no password; notices are signed".into());
        }
        Ok(Target(url))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl WebhookSettings {
    /// What no type can say; the error is a sentence for whoever wrote it.
    pub fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for endpoint in &self.endpoints {
            let Endpoint { name, url, secrets, .. } = endpoint;
            let fits =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
            if !(1..=NAME_MAX).contains(&name.len()) || !name.bytes().all(fits) {
                return Err(format!(
                    "webhooks.endpoints: the name \"{name}\" is not 1 to {NAME_MAX} of the characters a-z 0-9 - _"
                ));
            }
            if !names.insert(name) {
                return Err(format!(
                    "webhooks.endpoints: two are called {name}; each needs a name of its own"
                ));
            }
            if secrets.is_empty() {
                return Err(format!("webhooks.endpoints {name}: secrets is empty; notices are signed"));
            }
            if self.allow_private_networks {
                continue;
            }
            if url.0.scheme() != "https" {
                return Err(format!(
                    "webhooks.endpoints {name}: the URL begins with https://, unless webhooks.allow_private_networks is true"
                ));
            }
            if !self.allows(url.0.host()) {
                return Err(format!(
                    "webhooks.endpoints {name}: the address is not a public one; set webhooks.allow_private_networks to reach it"
                ));
            }
        }
        Ok(())
    }

    /// Whether an address that is stated in a URL may be called. Names are judged by what they lead to, each time.
    pub fn allows<S>(&self, host: Option<Host<S>>) -> bool {
        self.allow_private_networks
            || match host {
                Some(Host::Ipv4(address)) => is_public(address.into()),
                Some(Host::Ipv6(address)) => is_public(address.into()),
                Some(Host::Domain(_)) => true,
                None => false,
            }
    }
}

/// Mail to the people of an organization.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// The server that takes mail; none: no mail is sent.
    #[serde(default)]
    pub smtp: Option<Smtp>,
    /// Whom mail is from.
    #[serde(default)]
    pub from: Option<From>,
    /// How long it takes until the same organization is mailed about the same thing again.
    #[serde(deserialize_with = "wait")]
    pub cooldown: Duration,
    /// The authorities that may answer for the mail server's certificate, a PEM file; none: those of this machine.
    #[serde(default)]
    pub tls_root: Option<PathBuf>,
    /// How long the mail server may take for one mail.
    #[serde(deserialize_with = "wait")]
    pub timeout: Duration,
    /// For how long a mail is tried again.
    #[serde(deserialize_with = "wait")]
    pub give_up: Duration,
}

impl Default for MailSettings {
    fn default() -> MailSettings {
        MailSettings {
            smtp: None,
            from: None,
            tls_root: None,
            cooldown: Duration::from_hours(24),
            timeout: Duration::from_secs(60),
            give_up: Duration::from_hours(72),
        }
    }
}

impl MailSettings {
    /// What no type can say; the error is a sentence for whoever wrote it.
    pub fn check(&self) -> Result<(), String> {
        match (&self.smtp, &self.from) {
            (Some(_), None) => Err("mail.smtp is given without mail.from: say whom mail is from".into()),
            (None, Some(_)) => {
                Err("mail.from is given without mail.smtp: say which server takes the mail".into())
            }
            (smtp, _) if self.tls_root.is_some() && !smtp.as_ref().is_some_and(Smtp::is_encrypted) => {
                Err("mail.tls_root is given, and mail.smtp is not encrypted: use smtps:// or ?tls=required"
                    .into())
            }
            _ => Ok(()),
        }
    }
}

/// The address of a mail server with what it takes to use it. Shown, it is without user and password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Smtp(String);

impl Smtp {
    /// The whole of it, as the mail library reads it.
    pub fn url(&self) -> &str {
        &self.0
    }

    /// Whether mail goes there with TLS, or not at all.
    pub fn is_encrypted(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_encrypted(&url))
    }
}

fn is_encrypted(url: &Url) -> bool {
    url.scheme() == "smtps" || url.query() == Some("tls=required")
}

impl TryFrom<String> for Smtp {
    type Error = String;

    /// What is wrong is said without the text, which may have a password in it.
    fn try_from(text: String) -> Result<Smtp, String> {
        let url = Url::parse(&text).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
        let Some(url) = url else {
            return Err("a mail server is smtp://user:password@host:587?tls=required; a reserved character in a password is \
                        written in percent, such as %40 for @"
                .into());
        };
        if !matches!((url.scheme(), url.query()), ("smtps", None) | ("smtp", None | Some("tls=required"))) {
            return Err("a mail server is smtps:// (TLS from the first byte), smtp://…?tls=required (STARTTLS) or smtp:// \
                        (without TLS), and nothing else is said after the ?"
                .into());
        }
        let secret = !url.username().is_empty() || url.password().is_some();
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if secret && !is_encrypted(&url) && !here {
            return Err("a password is not sent without TLS: use smtps:// or ?tls=required".into());
        }
        Ok(Smtp(text))
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let port = url.as_ref().and_then(Url::port).map_or_else(String::new, |port| format!(":{port}"));
        write!(out, "{}://{host}{port}", url.as_ref().map_or("", Url::scheme))
    }
}

/// Whom mail is from: an address, with a name before it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct From(pub lettre::message::Mailbox);

impl TryFrom<String> for From {
    type Error = String;

    fn try_from(text: String) -> Result<From, String> {
        let clean = !text.chars().any(char::is_control);
        let mailbox = text.parse().ok().filter(|_| clean);
        mailbox
            .map(From)
            .ok_or_else(|| format!("\"{text}\" is not a sender such as \"Coulomb <billing@example.com>\""))
    }
}

impl core::convert::From<From> for String {
    fn from(from: From) -> String {
        from.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn webhooks(url: &str, private: bool) -> Result<WebhookSettings, String> {
        let endpoint = |name: &str| {
            format!("[[endpoints]]\nname = \"{name}\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\n")
        };
        let text = format!(
            "timeout = \"PT1S\"\ngive_up = \"P3D\"\nat_once = 1\nallow_private_networks = {private}\n{}",
            endpoint("host")
        );
        let settings: WebhookSettings = toml::from_str(&text).map_err(|error| error.to_string())?;
        settings.check().map(|()| settings)
    }

    #[test]
    fn an_endpoint_is_public_and_encrypted_unless_private_networks_are_allowed() {
        for (url, teaches) in [
            ("https://example.com/hooks", ""),
            ("https://8.8.8.8:444/", ""),
            ("http://example.com/", "begins with https://"),
            ("https://127.0.0.1/", "not a public one"),
            ("https://0x7f.1/", "not a public one"),
            ("https://[::ffff:10.0.0.1]/", "not a public one"),
            ("https://me:sesame@example.com/", "no user and no password"),
            ("ftp://example.com/", "begins with https://"),
        ] {
            match webhooks(url, false) {
                Ok(_) => assert_eq!(teaches, "", "{url}"),
                Err(said) => assert!(!teaches.is_empty() && said.contains(teaches), "{url}: {said}"),
            }
        }
        assert!(webhooks("http://127.0.0.1:8080/", true).is_ok());
    }

    #[test]
    fn secrets_and_paths_are_never_shown() {
        let shown = format!("{:?}", webhooks("https://example.com/hidden/path", false).expect("settings"));
        assert!(shown.contains("https://example.com"), "{shown}");
        assert!(!shown.contains("hidden/path") && !shown.contains("MfKQ"), "{shown}");
        let smtp = Smtp::try_from("smtp://user:sesame@mail.example.com:587?tls=required".to_owned());
        assert_eq!(format!("{:?}", smtp.expect("a server")), "smtp://mail.example.com:587");
    }

    #[test]
    fn a_secret_in_a_configuration_that_cannot_be_used_is_not_repeated() {
        for text in [
            format!(
                "[[webhooks.endpoints]]\nname = \"host\"\nurl = \"https://a.test\"\nsecrets = [\n\"{SECRET}x\"\n]\n"
            ),
            format!(
                "[[webhooks.endpoints]]\nname = \"host\"\nurl = \"https://a.test\"\nsecrets = \"{SECRET}\"\n"
            ),
            "[mail]\nsmtp = \"smtp://user:MfKQ@mail.example.com\"\n".to_owned(),
        ] {
            let error =
                crate::config::Config::parse("coulomb.toml", &text).expect_err("an error").to_string();
            assert!(error.contains("coulomb.toml") && !error.contains("MfKQ"), "{error}");
        }
    }

    #[test]
    fn a_mail_server_says_how_it_is_encrypted_and_gets_no_password_in_the_clear() {
        for (url, teaches) in [
            ("smtps://user:p%40ss@mail.example.com", ""),
            ("smtp://user:pass@mail.example.com:587?tls=required", ""),
            ("smtp://mail.internal", ""),
            ("smtp://user:pass@127.0.0.1:2525", ""),
            ("smtp://user:sesame@mail.example.com", "without TLS"),
            ("smtp://mail.example.com?tls=opportunistic", "STARTTLS"),
            ("mail.example.com", "smtp://user:password@host:587?tls=required"),
        ] {
            match Smtp::try_from(url.to_owned()) {
                Ok(_) => assert_eq!(teaches, "", "{url}"),
                Err(said) => {
                    assert!(!teaches.is_empty() && said.contains(teaches), "{url}: {said}");
                    assert!(!said.contains("sesame"), "{said}");
                }
            }
        }
    }
}
