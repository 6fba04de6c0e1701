//! Wrong input of every kind, to every field of every route: always a problem, and nothing changed (T12, T24).

use crate::{
    client::{Answer, Server, servers},
    document::operations,
};
use coulomb_server::http;
use serde_json::{Map, Value, json};

/// Fields whose schema is one of the document's own, by name, or inline.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> (&'a str, &'a Value) {
    let any = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    let choice = any.into_iter().flatten().find(|choice| !choice["$ref"].is_null());
    let reference = schema["$ref"].as_str().or_else(|| choice?["$ref"].as_str());
    match reference.and_then(|path| path.rsplit('/').next()) {
        Some(name) => (name, &document["components"]["schemas"][name]),
        None => ("", schema),
    }
}

/// Something that fits a field, so that only one field of a request is wrong at a time.
fn fitting(name: &str, schema: &Value) -> Value {
    match name {
        "Id" => json!("tool_run"),
        "Amount" => json!("10"),
        "Instant" => json!("2027-01-01T00:00:00Z"),
        "Interval" => json!("PT1H"),
        "PreviewCommand" => json!({ "op": "release", "run": "r1" }),
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        _ if schema["type"] == "array" => json!([]),
        _ => match schema["type"].as_str().or(schema["type"][0].as_str()) {
            Some("integer") => json!(1),
            Some("boolean") => json!(true),
            Some("object") => json!({}),
            _ if schema["pattern"] == "^[A-Za-z]{3}$" => json!("USD"),
            _ => json!("text"),
        },
    }
}

/// What never fits a field of this kind.
fn wrong_for(name: &str, schema: &Value) -> Vec<Value> {
    let mut wrong = vec![json!([1]), json!({ "a": 1 }), json!(true)];
    match name {
        "Amount" => {
            let amounts = [
                "-1",
                "-0.000001",
                "0.0000001",
                "1e3",
                "NaN",
                "Infinity",
                "1,000",
                "",
                " 1",
                "99999999999999",
                "0x10",
            ];
            wrong.extend(amounts.map(Value::from));
            wrong.extend([
                json!(-1),
                json!(0.5),
                json!(-0.5),
                json!(1e300),
                json!(1_000_000_001_i64),
                json!(u64::MAX),
            ]);
        }
        "Id" => {
            wrong.extend(["", " ", "a b", "a/b", "é", "a\u{0}", "%2e", "<script>"].map(Value::from));
            wrong.extend([json!("x".repeat(129)), json!(7)]);
        }
        "Instant" => {
            let instants = [
                "",
                "tomorrow",
                "2027-01-01",
                "1969-12-31T23:59:59Z",
                "2027-13-01T00:00:00Z",
                "2027-01-01T00:00:00.0000001Z",
            ];
            wrong.extend(instants.map(Value::from));
            wrong.push(json!(1_800_000_000));
        }
        "Interval" => {
            wrong.extend(["", "an hour", "-PT1H", "P", "1 hour"].map(Value::from));
            wrong.extend([json!(-1), json!(0.5), json!(1e300), json!(i64::MAX)]);
        }
        _ if schema["enum"].is_array() => wrong.extend([json!(""), json!("nothing"), json!(0), json!(-1)]),
        _ if schema["type"] == "array" => wrong = vec![json!(true), json!("x"), json!(1), json!({})],
        _ => match schema["type"].as_str().or(schema["type"][0].as_str()) {
            Some("integer") => {
                wrong.extend([
                    json!(-1),
                    json!(0.5),
                    json!("1"),
                    json!(1e300),
                    json!(u64::MAX),
                    json!(i64::MAX),
                ]);
            }
            Some("boolean") => wrong = vec![json!("true"), json!(1), json!(0), json!([]), json!({})],
            Some("object") => wrong = vec![json!(true), json!("x"), json!(1), json!([1])],
            _ => wrong.extend([json!(1), json!(""), json!("x".repeat(1_000)), json!("a\u{0}b")]),
        },
    }
    wrong
}

fn says_no(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    answer.problem();
}

#[test]
fn whatever_is_wrong_is_a_problem_and_changes_nothing() {
    for server in servers() {
        send_everything_wrong(server);
    }
}

fn send_everything_wrong(server: &Server) {
    let org = server.organization("wrong", 1_000);
    server.post(&format!("{org}/runs"), json!({ "id": "r1", "kind": "tool_run", "task": "t1" })).is(201);
    let document = http::document();
    let version = || server.get(&format!("{org}/balance")).is(200).json["version"].clone();
    let mut tried = 0;
    for (method, path, operation) in operations() {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let ids = [
            ("org", "wrong"),
            ("run", "r1"),
            ("member", "m1"),
            ("task", "t1"),
            ("debt", "d1"),
            ("refund", "re1"),
        ];
        let ids = ids.into_iter().chain([("dispute", "dp1"), ("recharge", "x1")]);
        let at = ids.fold(path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        let before = version();
        let mut wrong = |call: crate::client::Call<'_>, what: &str| {
            says_no(&call.send(), &format!("{method} {path}: {what}"));
            tried += 1;
        };
        for id in ["%20", "a%2Fb", "%00", "%ff", &"x".repeat(129), "%C3%A9"] {
            if path.contains('{') {
                let start = path.find('{').unwrap();
                let end = path.find('}').unwrap();
                let bad = format!("{}{id}{}", &path[..start], &path[end + 1..]).replace(['{', '}'], "");
                wrong(server.call(&method, &bad).json(&json!({})), &format!("the id {id}"));
            }
        }
        wrong(server.call(&method, &at).key("coulomb_admin_0_0").json(&json!({})), "a made-up key");
        wrong(server.call(&method, &format!("{at}?nothing=1")).json(&json!({})), "an unknown parameter");
        if method != "GET" {
            wrong(server.call(&method, &at).header("idempotency-key", "a b").json(&json!({})), "a bad key");
            let large = vec![b' '; 2 << 20];
            wrong(server.call(&method, &at).bytes(&large), "2 MiB");
        }
        if body.is_null() {
            assert_eq!(version(), before, "{method} {path} changed something");
            continue;
        }
        for bytes in
            ["", "{", "[]", "null", "7", "\"text\"", "{\"id\":NaN}", "{}}", "{\"id\":\"a\",\"id\":\"a\"}"]
        {
            wrong(server.call(&method, &at).bytes(bytes.as_bytes()), bytes);
        }
        let deep = format!("{{\"metadata\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        wrong(server.call(&method, &at).bytes(deep.as_bytes()), "a deep body");
        wrong(server.call(&method, &at).json(&json!({})).header("content-type", "text/plain"), "text/plain");

        let (_, schema) = resolved(&document, body);
        let properties = schema["properties"].as_object().unwrap();
        let whole: Map<String, Value> = properties
            .iter()
            .map(|(field, schema)| {
                let (name, schema) = resolved(&document, schema);
                (field.clone(), fitting(name, schema))
            })
            .collect();
        let with = |field: &str, value: Value| {
            let mut body = whole.clone();
            body.insert(field.into(), value);
            server.call(&method, &at).json(&Value::Object(body))
        };
        wrong(with("no_such_field", json!(1)), "an unknown field");
        for (field, schema) in properties {
            let (name, schema) = resolved(&document, schema);
            for value in wrong_for(name, schema) {
                wrong(with(field, value.clone()), &format!("{field} = {value}"));
            }
        }
        for field in schema["required"].as_array().into_iter().flatten() {
            let mut body = whole.clone();
            body.remove(field.as_str().unwrap());
            wrong(server.call(&method, &at).json(&Value::Object(body)), &format!("without {field}"));
        }
        assert_eq!(version(), before, "{method} {path} changed something");
    }
    assert!(tried > 1_000, "only {tried} wrong requests were made");
}
