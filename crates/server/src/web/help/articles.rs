//! The articles: what there is to read, in which order, which rules each states, and on which day it was last read against
//! them. `rules.txt` beside this file has the text of those rules, each with the day since which it reads so; a test fails
//! for every article that was checked before a rule of it changed.

/// One article.
pub struct Article {
    /// The last part of its path, and of the keys of what it says: no colon.
    pub path: &'static str,
    /// The day on which it was last read against its rules.
    pub checked: &'static str,
    /// The rules that it states.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test that keeps articles true"))]
    pub rules: &'static [&'static str],
    /// What somebody who reads it may want to read next.
    pub related: &'static [&'static str],
    /// What of the reader's own account belongs to it.
    pub own: Own,
    /// What it says.
    pub parts: &'static [Part],
}

/// Which of the reader's own figures an article shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// What is owed, locked or disputed.
    Debt,
    /// What there is.
    Balance,
    /// How auto-recharge is set.
    Recharge,
    /// Until when the subscription runs.
    Subscription,
}

/// A part of an article; each names the message that it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A heading.
    Heading(&'static str),
    /// A paragraph.
    Paragraph(&'static str),
    /// Points without an order.
    Points(&'static [&'static str]),
    /// Points in their order.
    Steps(&'static [&'static str]),
    /// Where to go on, for people with billing access: the place, and what leads there.
    Ways(&'static [(&'static str, &'static str)]),
}

use Part::{Heading, Paragraph, Points, Steps, Ways};

/// All of them, in the order they are listed in.
pub const ARTICLES: &[Article] =
    &[DEBT, BUYING, RUNNING_OUT, INVOICES, AUTO_RECHARGE, CANCELLING, HOW_CREDITS_WORK];

const DEBT: Article = Article {
    path: "debt",
    checked: "2026-11-26",
    rules: &[
        "R4.3", "R6.1", "R6.2", "R7.1", "R7.2", "R7.3", "R7.4", "R7.5", "R7.6", "R7.7", "R8.1", "R8.2",
        "R8.3", "R8.4", "R8.5", "R9.3", "R9.6", "R12.2",
    ],
    related: &["buying-credits", "running-out", "invoices"],
    own: Own::Debt,
    parts: &[
        Paragraph("help-debt-intro"),
        Heading("help-debt-why"),
        Paragraph("help-debt-why-says"),
        Points(&["help-debt-why-usage", "help-debt-why-refund", "help-debt-why-dispute"]),
        Paragraph("help-debt-blocks"),
        Heading("help-debt-clears"),
        Points(&["help-debt-settled", "help-debt-repaid", "help-debt-offset"]),
        Paragraph("help-debt-order"),
        Points(&["help-debt-by-usage", "help-debt-by-refund", "help-debt-by-dispute", "help-debt-by-own"]),
        Heading("help-debt-locked"),
        Paragraph("help-debt-locked-what"),
        Paragraph("help-debt-locked-back"),
        Heading("help-debt-can"),
        Paragraph("help-debt-can-says"),
        Points(&[
            "help-debt-can-add",
            "help-debt-can-resume",
            "help-debt-can-card",
            "help-debt-can-resolve",
            "help-debt-can-wait",
        ]),
        Ways(&[
            ("billing#outstanding", "help-go-outstanding"),
            ("billing#payment", "help-go-payment"),
            ("billing#invoices", "help-go-invoices"),
        ]),
        Heading("help-debt-others"),
        Paragraph("help-debt-others-say"),
        Heading("help-debt-open"),
        Paragraph("help-debt-open-says"),
    ],
};

const BUYING: Article = Article {
    path: "buying-credits",
    checked: "2026-11-26",
    rules: &["R3.2", "R3.4", "R3.5", "R3.6", "R7.3", "R7.7", "R8.1", "R8.2", "R10.7", "R12.2"],
    related: &["how-credits-work", "auto-recharge", "debt"],
    own: Own::Balance,
    parts: &[
        Paragraph("help-buying-intro"),
        Heading("help-buying-how"),
        Steps(&["help-buying-choose", "help-buying-review", "help-buying-pay"]),
        Ways(&[("billing#buy", "help-go-buy")]),
        Heading("help-buying-when"),
        Paragraph("help-buying-when-says"),
        Paragraph("help-buying-debt"),
        Paragraph("help-buying-subscription"),
        Heading("help-buying-long"),
        Paragraph("help-buying-long-says"),
        Heading("help-buying-refund"),
        Paragraph("help-buying-refund-says"),
    ],
};

const RUNNING_OUT: Article = Article {
    path: "running-out",
    checked: "2026-11-26",
    rules: &["R5.2", "R5.3", "R5.4", "R6.1", "R6.2", "R9.1", "R9.3", "R9.6", "R10.1", "R11.1"],
    related: &["buying-credits", "auto-recharge", "debt"],
    own: Own::Balance,
    parts: &[
        Paragraph("help-out-intro"),
        Heading("help-out-pauses"),
        Points(&["help-out-starts", "help-out-tasks", "help-out-few"]),
        Heading("help-out-goes-on"),
        Points(&["help-out-running", "help-out-reading"]),
        Heading("help-out-again"),
        Points(&["help-out-add", "help-out-recharge", "help-out-wait", "help-out-resume"]),
        Ways(&[("billing#buy", "help-go-buy"), ("billing#recharge", "help-go-recharge")]),
        Heading("help-out-before"),
        Paragraph("help-out-before-says"),
    ],
};

const INVOICES: Article = Article {
    path: "invoices",
    checked: "2026-11-26",
    rules: &["R4.2", "R4.3", "R4.5", "R8.1", "R8.2", "R10.5", "R12.2"],
    related: &["cancelling", "auto-recharge", "debt"],
    own: Own::Subscription,
    parts: &[
        Paragraph("help-invoices-intro"),
        Heading("help-invoices-find"),
        Paragraph("help-invoices-find-says"),
        Heading("help-invoices-card"),
        Paragraph("help-invoices-card-says"),
        Paragraph("help-invoices-card-recharge"),
        Ways(&[("billing#payment", "help-go-payment"), ("billing#invoices", "help-go-invoices")]),
        Heading("help-invoices-failed"),
        Paragraph("help-invoices-failed-says"),
        Heading("help-invoices-refund"),
        Paragraph("help-invoices-refund-says"),
    ],
};

const AUTO_RECHARGE: Article = Article {
    path: "auto-recharge",
    checked: "2026-11-26",
    rules: &["R10.1", "R10.2", "R10.3", "R10.4", "R10.5", "R10.7", "R12.2"],
    related: &["buying-credits", "running-out", "invoices"],
    own: Own::Recharge,
    parts: &[
        Paragraph("help-recharge-intro"),
        Heading("help-recharge-settings"),
        Points(&["help-recharge-threshold", "help-recharge-amount", "help-recharge-limit"]),
        Heading("help-recharge-needs"),
        Points(&[
            "help-recharge-needs-subscription",
            "help-recharge-needs-card",
            "help-recharge-needs-debt",
            "help-recharge-needs-suspension",
            "help-recharge-needs-room",
        ]),
        Ways(&[("billing#recharge", "help-go-recharge")]),
        Heading("help-recharge-declined"),
        Paragraph("help-recharge-declined-says"),
        Paragraph("help-recharge-again"),
    ],
};

const CANCELLING: Article = Article {
    path: "cancelling",
    checked: "2026-11-26",
    rules: &["R3.4", "R3.5", "R4.2", "R4.3", "R4.4", "R4.6", "R7.3", "R7.4", "R7.7"],
    related: &["debt", "invoices", "how-credits-work"],
    own: Own::Subscription,
    parts: &[
        Paragraph("help-cancelling-intro"),
        Heading("help-cancelling-until"),
        Paragraph("help-cancelling-until-says"),
        Heading("help-cancelling-then"),
        Points(&["help-cancelling-included", "help-cancelling-purchased", "help-cancelling-promotional"]),
        Paragraph("help-cancelling-debt"),
        Heading("help-cancelling-back"),
        Paragraph("help-cancelling-back-says"),
        Ways(&[("billing#subscription", "help-go-subscription")]),
    ],
};

const HOW_CREDITS_WORK: Article = Article {
    path: "how-credits-work",
    checked: "2026-11-26",
    rules: &["R1.1", "R2.1", "R3.2", "R3.4", "R3.5", "R3.6", "R3.7", "R5.3", "R5.4", "R5.5", "R6.1", "R6.2"],
    related: &["buying-credits", "running-out", "cancelling"],
    own: Own::Balance,
    parts: &[
        Paragraph("help-how-intro"),
        Heading("help-how-kinds"),
        Points(&["help-how-included", "help-how-promotional", "help-how-purchased"]),
        Heading("help-how-order"),
        Paragraph("help-how-order-says"),
        Heading("help-how-reserved"),
        Paragraph("help-how-reserved-says"),
        Paragraph("help-how-reserved-end"),
        Heading("help-how-expiry"),
        Paragraph("help-how-expiry-says"),
        Heading("help-how-figures"),
        Paragraph("help-how-figures-say"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::{Copy, Language};
    use std::collections::{BTreeMap, BTreeSet};

    /// The rules as articles were read against them: the day since which each reads so, and its text.
    fn rules() -> BTreeMap<String, (String, String)> {
        let kept = xtask::rules::kept(include_str!("rules.txt"));
        kept.into_iter().map(|(rule, kept)| (rule, (kept.since, kept.text))).collect()
    }

    #[test]
    fn an_article_is_read_again_when_a_rule_that_it_states_has_changed() {
        let rules = rules();
        let mut stale = Vec::new();
        for article in ARTICLES {
            for rule in article.rules {
                let (since, _) = rules.get(*rule).unwrap_or_else(|| panic!("{rule} is not in rules.txt"));
                if article.checked < since.as_str() {
                    stale.push(format!(
                        "{} was checked on {}, and {rule} reads otherwise since {since}",
                        article.path, article.checked
                    ));
                }
            }
        }
        assert!(stale.is_empty(), "read these against the rules and say when:\n{}", stale.join("\n"));
        let stated: BTreeSet<&str> =
            ARTICLES.iter().flat_map(|article| article.rules.iter().copied()).collect();
        let kept: BTreeSet<&str> = rules.keys().map(String::as_str).collect();
        assert_eq!(kept, stated, "left: rules that are kept; right: rules that articles state");
    }

    #[test]
    fn everything_that_an_article_says_is_there_to_be_said() {
        let copy = Copy::of(Language::English);
        let mut keys: Vec<String> = Vec::new();
        for article in ARTICLES {
            assert!(!article.path.contains(':'), "{}", article.path);
            for other in article.related {
                assert!(ARTICLES.iter().any(|known| known.path == *other), "{other}");
            }
            keys.extend(["title", "about"].map(|what| format!("help-{}-{what}", article.path)));
            for part in article.parts {
                match part {
                    Heading(key) | Paragraph(key) => keys.push((*key).to_owned()),
                    Points(points) | Steps(points) => keys.extend(points.iter().map(|key| (*key).to_owned())),
                    Ways(ways) => keys.extend(ways.iter().map(|(_, key)| (*key).to_owned())),
                }
            }
        }
        let missing: Vec<&String> = keys.iter().filter(|key| copy.text(key, &[]) == **key).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }
}
