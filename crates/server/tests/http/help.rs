//! Help: every article for everybody in every state, the reader's own figures in it, and what readers think of it.

use crate::client::{Server, servers};
use serde_json::json;

const ARTICLES: [&str; 7] =
    ["debt", "buying-credits", "running-out", "invoices", "auto-recharge", "cancelling", "how-credits-work"];

/// Owes 50: 180 were used, and 100 given and 30 bought are gone.
fn indebted(server: &Server, id: &str) -> String {
    let path = server.organization(id, 100);
    server.people(&path);
    let paid = json!({ "id": "p1", "purpose": "top_up", "paid": 100, "currency": "USD", "credits": 30 });
    server.post(&format!("{path}/payments"), paid).is(201);
    server.post(&format!("{path}/charges"), json!({ "id": "c1", "kind": "background", "used": 180 })).is(201);
    path
}

#[test]
fn help_is_there_for_everybody_also_while_work_is_paused() {
    for server in servers() {
        indebted(server, "help-all");
        server.put("/v1/organizations/help-all/suspension", json!({ "reason": "Looked into." })).is(200);
        for member in ["ada", "eve", "bob", "cem", "dee"] {
            let reader = server.visitor("help-all", member);
            let index = reader.page("help").page(200).text;
            for article in ARTICLES {
                assert!(index.contains(&format!("/console/help-all/help/{article}\"")), "{article}");
                let page = reader.page(&format!("help/{article}")).page(200).text;
                assert!(page.contains("Checked against the rules on"), "{article}: {page}");
                assert!(page.contains("Was this article helpful?"), "{article}: {page}");
                // What a sentence takes in is there.
                assert!(!page.contains("{$") && !page.contains("{ $"), "{article}: {page}");
            }
            reader.page("help/nothing").page(404);
        }
    }
}

#[test]
fn an_article_has_the_readers_own_figures_as_far_as_they_may_see_them() {
    for server in servers() {
        indebted(server, "help-own");
        let see = |member: &str| server.visitor("help-own", member).page("help/debt").page(200).text;
        let owner = see("ada");
        assert!(owner.contains("used 80 credits more than you had; 50 of them are still owed"), "{owner}");
        assert!(owner.contains("See what is owed"), "{owner}");
        for member in ["cem", "eve", "dee"] {
            let page = see(member);
            assert!(
                !page.contains("80 credits")
                    && !page.contains("50 of them")
                    && !page.contains("See what is owed"),
                "{member}: {page}"
            );
            assert!(page.contains("Ada Moreau or Bob Okafor can resolve it"), "{member}: {page}");
        }
    }
}

#[test]
fn a_reader_answers_once_and_may_think_again_and_the_operator_sees_it() {
    for server in servers() {
        server.people(&server.organization("help-answers", 100));
        let member = server.visitor("help-answers", "cem");
        let answer = |helpful: &str, words: &str| {
            let sent = member.send("help/running-out/answer", &[("helpful", helpful), ("words", words)]);
            assert_eq!(
                sent.header("location"),
                "/console/help-answers/help/running-out?done=done-help-answer#answer"
            );
        };
        answer("no", "Where is <b>the</b> button?");
        let page = member.page("help/running-out").page(200).text;
        assert!(page.contains("You said that it did not help."), "{page}");
        assert!(page.contains("Where is &lt;b&gt;the&lt;/b&gt; button?"), "{page}");
        let operator = crate::operator::SignedIn::new(server, &server.admin);
        let seen = operator.see("/help").page(200).text;
        assert!(seen.contains("Where is &lt;b&gt;the&lt;/b&gt; button?"), "{seen}");
        assert!(seen.contains("/operator/organizations/help-answers"), "{seen}");
        answer("yes", &"y".repeat(2_000));
        let page = member.page("help/running-out").page(200).text;
        assert!(page.contains("You said that it helped."), "{page}");
        let seen = operator.see("/help").page(200).text;
        assert!(!seen.contains("Where is"), "the first answer is gone: {seen}");
        assert!(seen.contains(&"y".repeat(1_000)) && !seen.contains(&"y".repeat(1_001)), "{seen}");
        // Somebody else's answer is their own.
        let other = server.visitor("help-answers", "dee").page("help/running-out").page(200).text;
        assert!(!other.contains("You said that"), "{other}");
        member.send("help/nothing/answer", &[("helpful", "yes")]).page(404);
    }
}
