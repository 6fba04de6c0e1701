//! The console's usage and history as the people of an organization see them: the same figures as the API's, for each what
//! their role may see, and exports that are only text.

use crate::client::{Server, servers};
use serde_json::{Value, json};

/// The text of the section with this id, without its tags.
#[track_caller]
fn section(page: &str, id: &str) -> String {
    let start = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no section {id}: {page}"));
    let whole = &page[start..];
    let end = whole.find("</section>").unwrap_or(whole.len());
    let mut text = String::new();
    let mut inside = false;
    for letter in whole[..end].chars() {
        match letter {
            '<' => (inside, text) = (true, text + " "),
            '>' => inside = false,
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has(page: &str, id: &str) -> bool {
    page.contains(&format!("id=\"{id}\""))
}

/// "1,234" of "1234.5".
fn shown(amount: &Value, up: bool) -> String {
    let text = amount.as_str().unwrap();
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = whole.parse::<u64>().unwrap() + u64::from(up && !rest.is_empty());
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// "1,234.5" of "1234.5".
fn exact(amount: &Value) -> String {
    let text = amount.as_str().unwrap();
    let rest = text.split_once('.').map_or(String::new(), |(_, rest)| format!(".{rest}"));
    shown(amount, false) + &rest
}

/// An organization with people, a subscription since the first of January and work on several days; its own clock stands
/// at the 20th.
#[track_caller]
fn company(server: &Server, id: &str) -> String {
    let clock = |to: &str| {
        server.post(&format!("/v1/sandbox/organizations/{id}/clock"), json!({ "to": to })).is(200);
    };
    clock("2027-01-01T00:00:00Z");
    let path = format!("/v1/organizations/{id}");
    server.put(&path, json!({ "name": "=HYPERLINK(\"http://evil.test\",\"open\") Çelik" })).is(200);
    for (member, role) in [("ada", "owner"), ("-cem", "member"), ("dee", "viewer")] {
        let person = json!({ "name": format!("@{member}"), "role": role });
        server.put(&format!("{path}/members/{member}"), person).is(200);
    }
    let period = json!({ "period_start": "2027-01-01T00:00:00Z", "period_end": "2027-02-01T00:00:00Z" });
    let with = |mut more: Value| {
        more.as_object_mut().unwrap().extend(period.as_object().unwrap().clone());
        more
    };
    let subscription = json!({ "status": "active", "plan": "starter", "cadence": "monthly" });
    server.put(&format!("{path}/subscription"), with(subscription)).is(200);
    let renewal = json!({ "id": "in_1", "purpose": "renewal", "paid": 1000, "currency": "USD" });
    server.post(&format!("{path}/payments"), with(renewal)).is(201);
    let bought =
        json!({ "id": "py_1", "purpose": "top_up", "paid": 500, "currency": "USD", "credits": "500.5" });
    server.post(&format!("{path}/payments"), bought).is(201);
    for day in 2..=9 {
        clock(&format!("2027-01-{day:02}T10:00:00Z"));
        let run = format!("chat-{day}");
        let start =
            json!({ "id": run, "kind": "chat_message", "hold": 50, "member": "-cem", "task": "-1-1" });
        server.post(&format!("{path}/runs"), start).is(201);
        server.post(&format!("{path}/runs/{run}/settle"), json!({ "used": "40.25" })).is(200);
    }
    clock("2027-01-20T12:00:00Z");
    server
        .post(&format!("{path}/charges"), json!({ "id": "tool-1", "kind": "tool_run", "used": 12 }))
        .is(201);
    let held = json!({ "id": "scan-1", "kind": "workflow_run", "hold": 300, "member": "ada" });
    server.post(&format!("{path}/runs"), held).is(201);
    path
}

#[test]
fn the_usage_page_shows_the_figures_that_the_api_answers() {
    for server in servers() {
        let path = company(server, "usage-figures");
        let page = server.visitor("usage-figures", "ada").shown("usage");
        let balance = server.get(&format!("{path}/balance")).is(200).json;
        let remaining = section(&page, "remaining");
        for part in ["available", "included", "purchased", "held"] {
            let figure = exact(&balance[part]);
            assert!(remaining.contains(&figure), "{part} {figure}: {remaining}");
        }
        let usage = server.get(&format!("{path}/usage")).is(200).json;
        let current = section(&page, "current");
        for row in usage["data"].as_array().unwrap() {
            let figure = exact(&row["credits"]);
            assert!(current.contains(&figure), "{row}: {current}");
        }
        assert!(current.contains("8 messages") && current.contains("1 run"), "{current}");
        assert!(current.contains(&format!("Total {} 100%", exact(&usage["totals"]["credits"]))), "{current}");
    }
}

#[test]
fn terms_and_their_sum_are_exact_so_that_they_add_up_on_the_spot() {
    for server in servers() {
        let path = company(server, "usage-sums");
        for (id, kind, used) in [("a", "tool_run", "0.6"), ("b", "chat_message", "0.7")] {
            let charge = json!({ "id": id, "kind": kind, "used": used });
            server.post(&format!("{path}/charges"), charge).is(201);
        }
        let owner = server.visitor("usage-sums", "ada");
        let page = owner.shown("usage");
        // 1,000 included, of which 300 are reserved, and 500.5 bought; 322 and 12 were used before.
        let remaining = section(&page, "remaining");
        for line in ["Included 364.7", "Purchased 500.5", "Total available 865.2"] {
            assert!(remaining.contains(line), "{line}: {remaining}");
        }
        let included = section(&page, "included");
        for line in ["Used 335.3", "Reserved 300", "Left 364.7", "Included in this period 1,000"] {
            assert!(included.contains(line), "{line}: {included}");
        }
        assert!(page.contains("335.3 of 1,000 credits used, 300 reserved, 364.7 left"), "{page}");
        let current = section(&page, "current");
        for figure in ["322.7 96%", "12.6 4%", "Total 335.3 100%"] {
            assert!(current.contains(figure), "{figure}: {current}");
        }
        let grants = section(&page, "grants");
        assert!(grants.contains("1,000 335.3 0 0 300 364.7"), "{grants}");
        let entries = section(&owner.shown("usage?source=chat_message"), "entries");
        assert!(entries.contains("9 entries 322.7"), "{entries}");

        server.post(&format!("{path}/runs/scan-1/settle"), json!({ "used": "1300.4" })).is(200);
        let run = owner.shown("history/scan-1");
        let paid = section(&run, "paid");
        for figure in ["664.7", "500.5", "135.2", "1,300.4"] {
            assert!(paid.contains(figure), "{figure}: {paid}");
        }
        assert!(section(&run, "debt").contains("Still owed 135.2"), "{run}");
    }
}

/// Sums are by whole hours, and a period may begin inside one.
#[test]
fn the_current_period_says_from_which_hour_on_it_is_summed() {
    for server in servers() {
        let path = server.organization("usage-hour", 100);
        server.put(&format!("{path}/members/ada"), json!({ "name": "Ada", "role": "owner" })).is(200);
        let clock = |to: &str| {
            let path = "/v1/sandbox/organizations/usage-hour/clock";
            server.post(path, json!({ "to": to })).is(200);
        };
        let charge = |id: &str, used: u64| {
            let charge = json!({ "id": id, "kind": "tool_run", "used": used });
            server.post(&format!("{path}/charges"), charge).is(201);
        };
        clock("2027-01-01T10:10:00Z");
        charge("before", 5);
        clock("2027-01-01T10:30:00Z");
        let subscription = json!({
            "status": "active", "plan": "starter", "cadence": "monthly",
            "period_start": "2027-01-01T10:30:00Z", "period_end": "2027-02-01T10:30:00Z"
        });
        server.put(&format!("{path}/subscription"), subscription).is(200);
        clock("2027-01-01T11:30:00Z");
        charge("after", 7);
        let page = server.visitor("usage-hour", "ada").shown("usage");
        let current = section(&page, "current");
        assert!(current.contains("1 Jan 2027, 10:00 UTC – 1 Jan 2027, 11:30 UTC"), "{current}");
        assert!(current.contains("Total 12 100%"), "{current}");
    }
}

#[test]
fn the_burn_down_ends_at_the_balance_and_its_days_add_up() {
    for server in servers() {
        let path = company(server, "usage-chart");
        let page = server.visitor("usage-chart", "ada").shown("usage");
        let balance = server.get(&format!("{path}/balance")).is(200).json;
        let chart = section(&page, "burndown");
        let (held, available) = (shown(&balance["held"], false), shown(&balance["available"], false));
        assert!(
            chart.contains(&format!("{held} are reserved and {available} available")),
            "{held} {available}: {chart}"
        );
        // 1,000 included and 500.5 bought, less eight times 40.25 and 12.
        assert!(chart.contains("20 Jan – 12 – 1,166 300"), "{chart}");
        assert!(chart.contains("1 Jan 1,500 – – 1,500"), "{chart}");
        assert!(chart.contains("Refill of 1,000 included.") && chart.contains("Bought 500."), "{chart}");
    }
}

#[test]
fn what_was_used_before_is_for_people_with_billing_access() {
    for server in servers() {
        let path = company(server, "usage-roles");
        let owner = server.visitor("usage-roles", "ada");
        let page = owner.shown("usage");
        assert!(["burndown", "entries", "grants"].iter().all(|id| has(&page, id)), "{page}");
        let entries = section(&page, "entries");
        // The last charge, and what was available right after it.
        assert!(entries.contains("AI tool run – 12 1,166"), "{entries}");
        let of_kind = section(&owner.shown("usage?source=tool_run&member=&month=2027-01"), "entries");
        assert!(of_kind.contains("1 entry") && !of_kind.contains("40"), "{of_kind}");
        let none = section(&owner.shown("usage?month=2026-12"), "entries");
        assert!(none.contains("Nothing here"), "{none}");
        let exported = owner.page("export.csv?what=usage");
        let of_api = server.get(&format!("{path}/export.csv?what=usage")).is(200);
        assert_eq!((exported.status, &exported.text), (200, &of_api.text));

        for member in ["-cem", "dee"] {
            let other = server.visitor("usage-roles", member);
            let page = other.shown("usage");
            assert!(has(&page, "remaining") && has(&page, "current"), "{page}");
            assert!(["burndown", "entries", "grants"].iter().all(|id| !has(&page, id)), "{page}");
            let refused = other.page("export.csv?what=usage");
            assert_eq!(refused.status, 403);
            assert!(refused.text.contains("@ada"), "it says who can: {}", refused.text);
        }
    }
}

#[test]
fn no_cell_of_an_export_is_a_formula() {
    for server in servers() {
        company(server, "usage-export");
        let owner = server.visitor("usage-export", "ada");
        for what in ["usage", "grants", "events"] {
            let answer = owner.page(&format!("export.csv?what={what}"));
            assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"));
            assert!(answer.header("content-disposition").starts_with("attachment"), "{what}");
            let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(answer.text.as_bytes());
            let mut cells = 0;
            for row in rows.records() {
                for cell in row.unwrap().iter() {
                    assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{what}: {cell}");
                    cells += 1;
                }
            }
            assert!(cells > 10, "{what} has {cells} cells");
        }
        let usage = owner.page("export.csv?what=usage").text;
        assert!(usage.contains(",'-cem,'-1-1,"), "{usage}");
    }
}

#[test]
fn the_history_tells_of_every_run_and_of_starts_that_were_refused() {
    for server in servers() {
        let path = company(server, "usage-history");
        server.post(&format!("{path}/runs/scan-1/settle"), json!({ "used": 2_000 })).is(200);
        let again = json!({ "id": "chat-99", "kind": "chat_message", "member": "-cem" });
        server.post(&format!("{path}/runs"), again).is(402);

        let owner = server.visitor("usage-history", "ada");
        let all = section(&owner.shown("history"), "history");
        assert!(all.contains("Refused: earlier work had used more credits than there were."), "{all}");
        assert!(all.contains("of it became debt") && all.contains("From: Included, Bought"), "{all}");
        let refused = section(&owner.shown("history?status=refused"), "history");
        assert!(refused.contains("Chat message") && !refused.contains("Workflow run"), "{refused}");
        assert!(section(&owner.shown("history?status=lapsed"), "history").contains("None of these"));

        let run = owner.shown("history/scan-1");
        assert!(section(&run, "run").contains("2,000 credits used"), "{run}");
        let debt = section(&run, "debt");
        let owed = server.get(&format!("{path}/balance")).json["debt"]["total"].clone();
        assert!(debt.contains(&format!("Still owed {}", exact(&owed))), "{debt}");
        assert_eq!(owner.page("history/nothing").status, 404);

        // A viewer reads it all the same, without what it cost the organization.
        let viewer = server.visitor("usage-history", "dee");
        let all = section(&viewer.shown("history"), "history");
        assert!(all.contains("Refused: the organization’s balance needed attention."), "{all}");
        assert!(!all.contains("became debt") && !all.contains("From:"), "{all}");
        let run = viewer.shown("history/scan-1");
        assert!(has(&run, "run") && !has(&run, "debt") && !has(&run, "paid"), "{run}");
    }
}
