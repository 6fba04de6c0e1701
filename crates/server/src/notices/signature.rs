//! How the host knows that a notice is ours: signatures by the Standard Webhooks specification. Pure; who sends what is in
//! `webhooks`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use std::fmt;

/// How a secret begins, so that it is recognised wherever it turns up.
const PREFIX: &str = "whsec_";

/// How many bytes a secret has, as the specification says.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What notices to one endpoint are signed with. Never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(hidden)")
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    /// What is wrong is said without the text.
    fn try_from(text: String) -> Result<Secret, &'static str> {
        let bytes = text.strip_prefix(PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
        bytes
            .filter(|bytes| BYTES.contains(&bytes.len()))
            .map(Secret)
            .ok_or("a secret is whsec_ and 24 to 64 random bytes in base64")
    }
}

/// The value of `webhook-signature`: one signature for each secret, so that whoever knows one of them can verify.
///
/// `seconds` is the value of `webhook-timestamp`.
pub fn signatures(secrets: &[Secret], id: &str, seconds: i64, body: &str) -> String {
    let signed = secrets.iter().map(|Secret(key)| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secret = Secret::try_from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()).expect("a secret");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}");
        let signed = signatures(std::slice::from_ref(&secret), id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(signatures(&[secret.clone(), secret], id, 1, body).split(' ').count(), 2);
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_repeated() {
        for wrong in
            ["sesame", "whsec_sesame", "whsec_MfKQ9r8GKYqrTwjUPD8I", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        {
            let error = Secret::try_from(wrong.to_owned()).expect_err("refused");
            assert!(!error.contains("sesame") && !error.contains("MfKQ"), "{error}");
        }
    }
}
