//! What pages say: one file of whole sentences per language (`messages/*.ftl`, Fluent), found by key, with plurals. Amounts,
//! dates and names come in as they are to be shown; nothing here knows what a sentence is about.

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use maud::{Escaper, Markup, PreEscaped};
use serde::Deserialize;
use std::{borrow::Cow, fmt::Write, sync::Arc};

const ENGLISH: &str = include_str!("../messages/en.ftl");

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// English with accents on everything, longer: what is not in the file of messages, and what does not fit, stands out.
    #[serde(rename = "en-XA")]
    Pseudo,
}

impl Language {
    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Pseudo => "en-XA",
        }
    }
}

/// The copy of one language. Cheap to clone.
#[derive(Clone)]
pub struct Copy {
    language: Language,
    messages: Arc<FluentBundle<FluentResource>>,
}

/// Something that a sentence takes in.
#[derive(Clone, Debug)]
pub enum Value {
    /// As it is.
    Text(String),
    /// A number of things, small enough to be counted; a sentence may choose its plural by it.
    Count(u64),
    /// A figure, and what its plural is chosen by: `$name` and `$name_n`.
    Figure(String, u64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Value {
        Value::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Value {
        Value::Count(count)
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Value {
        Value::Count(count.into())
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Value {
        Value::Count(count.try_into().unwrap_or(u64::MAX))
    }
}

impl Copy {
    /// The copy of this language.
    pub fn of(language: Language) -> Copy {
        let resource =
            FluentResource::try_new(ENGLISH.to_owned()).expect("the messages can be read: a test does");
        // Plurals are English in both.
        let mut messages =
            FluentBundle::new_concurrent(vec![unic_langid::LanguageIdentifier::default(), english()]);
        messages.set_use_isolating(false);
        if language == Language::Pseudo {
            messages.set_transform(Some(pseudo));
        }
        messages.add_resource(resource).expect("no message is there twice: a test looks");
        Copy { language, messages: Arc::new(messages) }
    }

    /// Which language it is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A sentence, as text.
    pub fn text(&self, key: &str, values: &[(&str, Value)]) -> String {
        self.format(key, values, str::to_owned)
    }

    /// A sentence with tags in it, as HTML. What it takes in is escaped.
    pub fn html(&self, key: &str, values: &[(&str, Value)]) -> Markup {
        PreEscaped(self.format(key, values, |text| {
            let mut escaped = String::with_capacity(text.len());
            // Writing to a string cannot fail.
            let _ = Escaper::new(&mut escaped).write_str(text);
            escaped
        }))
    }

    fn format(&self, key: &str, values: &[(&str, Value)], shown: impl Fn(&str) -> String) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value {
                Value::Text(text) => args.set(*name, FluentValue::String(Cow::Owned(shown(text)))),
                Value::Count(count) => args.set(*name, *count),
                Value::Figure(text, count) => {
                    args.set(*name, FluentValue::String(Cow::Owned(shown(text))));
                    args.set(format!("{name}_n"), *count);
                }
            }
        }
        let Some(pattern) = self.messages.get_message(key).and_then(|message| message.value()) else {
            // A test looks every key up that the pages name; a key that is missing all the same must not take the page down.
            tracing::error!(key, "there is no such message");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let said = self.messages.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "a message lacks what it takes in");
        }
        said
    }
}

fn english() -> unic_langid::LanguageIdentifier {
    "en".parse().unwrap_or_default()
}

/// Leaves tags, and what stands for a character, as they are.
fn pseudo(text: &str) -> Cow<'_, str> {
    fluent_pseudo::transform_dom(text, false, true, false)
}

/// A sentence of the reader's language, as text: `say!(visit, "key", amount = figure, name = text)`.
macro_rules! say {
    ($at:expr, $key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $at.copy.text($key, &[$((stringify!($name), $crate::copy::Value::from($value))),*])
    };
}
pub(crate) use say;

/// The same with tags in it, as HTML.
macro_rules! rich {
    ($at:expr, $key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $at.copy.html($key, &[$((stringify!($name), $crate::copy::Value::from($value))),*])
    };
}
pub(crate) use rich;

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::status::ReasonCode;
    use std::{
        collections::BTreeSet,
        path::{Path, PathBuf},
    };

    /// Keys of which the code has only the beginning, because the rest is a word of the ledger's or the name of a page.
    const FAMILIES: &[&str] = &[
        "month-",
        "headline-",
        "cause-",
        "others-",
        "action-",
        "tab-",
        "role-",
        "debt-",
        "help-",
        "done-",
        "billing-why-",
        "usage-day-",
        "usage-paused-",
        "usage-grant-",
        "history-only-",
        "history-why-",
    ];

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => sources(&path, found),
                false => found.push(path),
            }
        }
    }

    fn code() -> Vec<String> {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut files);
        files.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect()
    }

    /// The texts in quotation marks of the pages' code.
    fn quoted(code: &[String]) -> BTreeSet<&str> {
        code.iter().flat_map(|text| text.split('"')).collect()
    }

    /// The keys that are said by name.
    fn said(code: &[String]) -> BTreeSet<&str> {
        let mut said = BTreeSet::new();
        for call in ["say!(", "rich!(", ".text(", ".html("] {
            for rest in code.iter().flat_map(|text| text.split(call).skip(1)) {
                let Some((before, rest)) = rest.split_once('"') else { continue };
                // A key that is put together is of a family.
                if !before.contains(['(', ';', ')']) {
                    said.extend(rest.split('"').next());
                }
            }
        }
        said
    }

    fn keys() -> Vec<&'static str> {
        let begins = |line: &'static str| line.split_once(" =").map(|(key, _)| key);
        let is_key = |key: &&str| key.starts_with(|c: char| c.is_ascii_lowercase()) && !key.contains(' ');
        ENGLISH.lines().filter_map(begins).filter(is_key).collect()
    }

    #[test]
    fn every_message_is_there_once_and_is_used() {
        let (keys, code) = (keys(), code());
        let (quoted, said) = (quoted(&code), said(&code));
        let once: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(once.len(), keys.len(), "a message is there twice");
        let missing: Vec<&&str> = said.iter().filter(|key| !once.contains(*key)).collect();
        assert_eq!(missing, Vec::<&&str>::new(), "what pages say and no message is");
        let unused: Vec<&&str> = keys
            .iter()
            .filter(|key| !quoted.contains(*key) && !FAMILIES.iter().any(|family| key.starts_with(family)))
            // Some are parts of others.
            .filter(|key| !ENGLISH.contains(&format!("{{ {key} }}")))
            .collect();
        assert_eq!(unused, Vec::<&&str>::new(), "messages that no page says");
    }

    #[test]
    fn every_reason_has_its_words_for_everybody() {
        let keys: BTreeSet<&str> = keys().into_iter().collect();
        for code in ReasonCode::ALL {
            for family in ["headline", "cause"] {
                assert!(keys.contains(&*format!("{family}-{}", code.as_str())), "{family} {code:?}");
            }
        }
    }
}
