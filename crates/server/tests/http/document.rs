//! The published document: kept in the repository, whole, and about every route there is.

use crate::client::servers;
use coulomb_server::http;
use serde_json::Value;

/// Every operation of the document: method, template, operation.
pub fn operations() -> Vec<(String, String, Value)> {
    let document = http::document();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_document_is_the_one_that_is_kept() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let mut text = serde_json::to_string_pretty(&http::document()).unwrap();
    text.push('\n');
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "openapi.json is not what the code says; read the diff after `GOLDEN=write cargo test`"
    );
    for server in servers() {
        let served = server.call("GET", "/v1/openapi.json").without("authorization").send().is(200);
        assert_eq!(served.text, text);
    }
}

/// What is said here, or where it refers to.
fn resolved<'a>(document: &'a Value, said: &'a Value) -> &'a Value {
    let reference = said["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    reference.map_or(said, |path| document.pointer(path).expect("what is referred to is there"))
}

#[test]
fn everything_in_the_document_is_described() {
    let document = http::document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut silent = Vec::new();
    for (method, path, operation) in operations() {
        let named = format!("{method} {path}");
        for field in ["operationId", "summary", "description"] {
            if operation[field].as_str().is_none_or(str::is_empty) {
                silent.push(format!("{named}: {field}"));
            }
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            if resolved(&document, response)["description"].as_str().is_none_or(str::is_empty) {
                silent.push(format!("{named}: {status}"));
            }
        }
        for parameter in operation["parameters"].as_array().unwrap() {
            if resolved(&document, parameter)["description"].as_str().is_none_or(str::is_empty) {
                silent.push(format!("{named}: {}", parameter["name"]));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if schema["description"].as_str().is_none_or(str::is_empty) {
            silent.push(format!("schema {name}"));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}
