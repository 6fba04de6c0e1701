//! Ids as they travel: the host's, the provider's and Coulomb's own, all in one alphabet that needs no escaping.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::{borrow::Cow, fmt};

/// An id: 1 to 128 of `A-Za-z0-9._:-`. Borrowed from the request's bytes or from what is answered where possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id<'a>(Cow<'a, str>);

impl<'a> Id<'a> {
    /// What an id may be, in words.
    pub const MEANS: &'static str = "an id is 1 to 128 of the characters A-Z a-z 0-9 . _ : -";

    /// An id that is known to be one: read from a type that checked it.
    pub const fn known(text: &'a str) -> Id<'a> {
        Id(Cow::Borrowed(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn fits(text: &str) -> bool {
        let one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        (1..=128).contains(&text.len()) && text.bytes().all(one)
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Id<'a>, D::Error> {
        struct IdVisitor;

        impl<'de> de::Visitor<'de> for IdVisitor {
            type Value = Id<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an id: a string of 1 to 128 of the characters A-Z a-z 0-9 . _ : -")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Id<'de>, E> {
                if Id::fits(text) { Ok(Id(Cow::Borrowed(text))) } else { Err(E::custom(Id::MEANS)) }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<'de>, E> {
                if Id::fits(text) { Ok(Id(Cow::Owned(text.to_owned()))) } else { Err(E::custom(Id::MEANS)) }
            }
        }

        from.deserialize_str(IdVisitor)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use super::Id;
    use std::borrow::Cow;
    use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

    impl utoipa::ToSchema for Id<'_> {
        fn name() -> Cow<'static, str> {
            "Id".into()
        }
    }

    impl utoipa::PartialSchema for Id<'_> {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(128))
                .pattern(Some("^[A-Za-z0-9._:-]{1,128}$"))
                .description(Some("An id: the host's own, the payment provider's, or one that Coulomb made."))
                .into()
        }
    }
}
