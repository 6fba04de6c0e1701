//! The rules that help articles state, as the articles were last read against them. The standard itself is a document beside
//! this repository; what is kept here is the text of those rules, each with the day since which it reads so, so that a
//! test of the articles needs nothing from outside. This compares the two.

use std::{collections::BTreeMap, path::Path};

/// Where the kept text is, from the root of the repository.
pub const KEPT: &str = "crates/server/src/web/help/rules.txt";

/// Where the standard is, seen from the root of a clone.
const STANDARD: [&str; 2] = ["../shared/SPEC.md", "../../shared/SPEC.md"];

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The day since which it reads so.
    pub since: String,
    /// Its text, in one line.
    pub text: String,
}

/// The rules of `rules.txt`, by number: a line `R7.1 2026-01-31`, then the text, indented.
pub fn kept(text: &str) -> BTreeMap<String, Rule> {
    let mut rules = BTreeMap::new();
    let mut head: Option<(String, String)> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix("  "), &head) {
            (Some(said), Some((rule, since))) => {
                rules.insert(rule.clone(), Rule { since: since.clone(), text: said.to_owned() });
            }
            (None, _) => {
                head = line.split_once(' ').map(|(rule, since)| (rule.to_owned(), since.to_owned()));
            }
            (Some(_), None) => {}
        }
    }
    rules
}

/// The numbered rules of the standard, each in one line.
pub fn stated(standard: &str) -> BTreeMap<String, String> {
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    let (mut chapter, mut number) = (String::new(), None);
    for line in standard.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            chapter = title.split(' ').next().unwrap_or_default().to_owned();
            number = None;
        } else if let Some((digits, said)) = item(line) {
            let rule = format!("{chapter}.{digits}");
            rules.insert(rule.clone(), said.trim().to_owned());
            number = Some(rule);
        } else if let Some(rule) = number.as_ref().and_then(|rule| rules.get_mut(rule)) {
            match line.trim() {
                "" => number = None,
                said => {
                    rule.push(' ');
                    rule.push_str(said);
                }
            }
        }
    }
    rules
}

fn item(line: &str) -> Option<(&str, &str)> {
    let (digits, said) = line.split_once(". ")?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some((digits, said))
}

/// The text of `rules.txt` as it should be: what reads otherwise than it did is so since this day.
fn written(
    kept: &BTreeMap<String, Rule>,
    stated: &BTreeMap<String, String>,
    day: &str,
) -> Result<String, String> {
    let mut text = String::from(
        "# The rules that help articles state, and since when each reads so. `cargo xtask rules DAY` writes this file from\n\
         # the standard; then the test of the articles names those that have to be read again.\n",
    );
    let number = |rule: &str| -> Vec<u32> {
        rule.trim_start_matches('R').split('.').filter_map(|digits| digits.parse().ok()).collect()
    };
    let mut rules: Vec<(&String, &Rule)> = kept.iter().collect();
    rules.sort_by_key(|(rule, _)| number(rule));
    for (rule, known) in rules {
        let said = stated.get(rule).ok_or_else(|| format!("the standard has no rule {rule} any more"))?;
        let since = if *said == known.text { known.since.as_str() } else { day };
        text.push_str(&format!("{rule} {since}\n  {said}\n"));
    }
    Ok(text)
}

fn standard() -> Option<String> {
    STANDARD.into_iter().find_map(|path| std::fs::read_to_string(path).ok())
}

/// Compares what is kept with the standard, where that is at hand; it says which it did.
pub fn compare() -> Result<(), String> {
    let kept = kept(&read(KEPT)?);
    let Some(standard) = standard() else {
        eprintln!(
            "The standard is not beside this clone: articles are held to the rules as they are kept in {KEPT}."
        );
        return Ok(());
    };
    let stated = stated(&standard);
    let changed: Vec<&str> = (kept.iter())
        .filter(|(rule, known)| stated.get(*rule) != Some(&known.text))
        .map(|(rule, _)| rule.as_str())
        .collect();
    match changed.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "these rules read otherwise than in {KEPT}: {}. Run `cargo xtask rules DAY`, then the tests",
            changed.join(", ")
        )),
    }
}

/// Takes over what the standard says, as of this day.
pub fn write(day: &str) -> Result<(), String> {
    let is_day = day.len() == 10
        && day.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_day {
        return Err(format!("{day} is no day: write it as 2026-01-31"));
    }
    let standard = standard().ok_or("the standard is not beside this clone")?;
    let text = written(&kept(&read(KEPT)?), &stated(&standard), day)?;
    std::fs::write(Path::new(KEPT), text).map_err(|error| format!("{KEPT} cannot be written: {error}"))
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: &str = "# Title\n\n1. none\n\n## R1 Numbers\n1. One\n   and more.\n2. Two.\n\nLoose.\n\n## R2 Accounts\n10. Ten.\n";

    #[test]
    fn a_rule_that_reads_otherwise_does_so_since_today_and_the_others_as_before() {
        let stated = stated(STANDARD);
        assert_eq!(stated.get("R1.1").map(String::as_str), Some("One and more."));
        assert_eq!(stated.get("R2.10").map(String::as_str), Some("Ten."));
        let before = kept("# kept\nR1.2 2026-01-01\n  Two.\nR1.1 2026-01-01\n  One.\n");
        let after = kept(&written(&before, &stated, "2026-02-02").expect("both are there"));
        let since = |rule: &str| after.get(rule).map(|rule| rule.since.as_str());
        assert_eq!((since("R1.1"), since("R1.2")), (Some("2026-02-02"), Some("2026-01-01")));
        assert!(written(&kept("R9.9 2026-01-01\n  x\n"), &stated, "2026-02-02").is_err());
    }
}
