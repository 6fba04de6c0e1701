//! The OpenAPI document: generated from the routes and the wire's types. What is true of every operation (its key, its
//! path's ids, the problems it can answer) is said here once.

use super::access::{self, Taken};
use api::problem::Problem;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::{PartialSchema, ToSchema, openapi::OpenApi};

/// The finished document.
pub fn document() -> Value {
    finished(super::api().into_openapi())
}

/// The document as it is published and kept.
pub fn text(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("JSON can be written");
    text.push('\n');
    text
}

/// Serves it.
pub async fn serve(text: Arc<str>) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], text.as_bytes().to_vec()).into_response()
}

/// Adds what is true of every operation.
pub fn finished(routes: OpenApi) -> Value {
    let mut document = serde_json::to_value(routes).expect("a document is plain data");
    document["info"] = json!({
        "title": "Coulomb",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Prepaid credits for AI products: whether work may start, what it used, and why. Every error is a \
                        problem document (RFC 9457); requests that change something can be repeated with the same id or \
                        Idempotency-Key, which does nothing twice.",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["tags"] = json!([
        { "name": "runtime", "description": "Starting and metering work." },
        { "name": "account", "description": "Organizations, people, tasks, and the books." },
        { "name": "money", "description": "What is on sale, and what people choose about paying." },
        { "name": "external", "description": "What a host with its own payment provider reports." },
        { "name": "sandbox", "description": "Test clocks; only with --sandbox." },
    ]);
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "key": { "type": "http", "scheme": "bearer", "description": "An API key: `coulomb keys create`." }
    });
    let schemas = components["schemas"].as_object_mut().expect("the document has schemas");
    for (name, schema) in problem_schemas() {
        schemas.entry(name).or_insert(schema);
    }
    tidy(schemas);
    let paths = document["paths"].as_object_mut().expect("the document has paths");
    for (path, operations) in paths {
        for (method, operation) in operations.as_object_mut().expect("a path has operations") {
            complete(&method.to_uppercase(), path, operation);
        }
    }
    document
}

fn problem_schemas() -> Vec<(String, Value)> {
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    let shown = |schema| serde_json::to_value(schema).expect("a schema is plain data");
    schemas.into_iter().map(|(name, schema)| (name, shown(schema))).collect()
}

/// What the generator cannot know of the schemas.
fn tidy(schemas: &mut Map<String, Value>) {
    // A refused start is a problem with more in it, so it fits two of the three.
    for name in ["BatchItem", "PreviewRefusal"] {
        if let Some(schema) = schemas.get_mut(name).and_then(Value::as_object_mut)
            && let Some(choices) = schema.remove("oneOf")
        {
            schema.insert("anyOf".into(), choices);
        }
    }
    // A command inside a command: what its own call takes, with `op` beside it and nothing else.
    let all = schemas.clone();
    for name in ["BatchCommand", "PreviewCommand"] {
        let choices = schemas.get_mut(name).and_then(|schema| schema["oneOf"].as_array_mut());
        for choice in choices.into_iter().flatten() {
            *choice = merged(choice, &all);
        }
    }
}

/// One closed object that has the fields of all parts.
fn merged(choice: &Value, schemas: &Map<String, Value>) -> Value {
    let whole = [choice.clone()];
    let parts = choice["allOf"].as_array().map_or(&whole[..], Vec::as_slice);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for part in parts {
        let named = part["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let part = named.and_then(|name| schemas.get(name)).unwrap_or(part);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    let description = choice["description"].as_str().unwrap_or_default();
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Adds to an operation what its route and its form say.
fn complete(method: &str, path: &str, operation: &mut Value) {
    let route =
        access::find(method, path).unwrap_or_else(|| panic!("{method} {path} is not in http::access"));
    let changes = method != "GET";
    let has_body = !operation["requestBody"].is_null();

    operation["security"] = json!([{ "key": [] }]);
    let scopes = format!("Takes a key with the scope {}.", route.keys.words());
    let described =
        operation["description"].as_str().map_or(scopes.clone(), |said| format!("{said}\n\n{scopes}"));
    operation["description"] = described.into();

    let parameters = operation["parameters"].take();
    let mut all: Vec<Value> = path_ids(path);
    all.extend(parameters.as_array().cloned().unwrap_or_default());
    let of_organization = path.contains("{org}");
    if of_organization {
        all.push(json!({
            "name": "Coulomb-Member", "in": "header", "required": false,
            "description": "The member on whose behalf; what members may do and see applies.",
            "schema": { "$ref": "#/components/schemas/Id" },
        }));
    }
    if changes && path != "/v1/batch" {
        all.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Recognises a repeat where the body has no id of its own.",
            "schema": { "$ref": "#/components/schemas/Id" },
        }));
    }
    operation["parameters"] = all.into();

    let responses = operation["responses"].as_object_mut().expect("an operation has responses");
    for response in responses.values_mut() {
        response["headers"] = answer_headers(changes);
    }
    let mut problem = |status: &str, description: &str| {
        responses.entry(status).or_insert_with(|| {
            json!({
                "description": description,
                "headers": problem_headers(status),
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            })
        });
    };
    problem("400", "The request is malformed: its JSON, its query or a header.");
    if route.keys != Taken::Nobodys {
        problem("401", "There is no key, or it does not work.");
        problem("403", "The key's scope or the member's role does not allow it; says who may.");
    }
    if of_organization {
        problem("404", "There is no such organization, or it has no such thing.");
    }
    problem("413", "The body is larger than the limit.");
    if has_body {
        problem("415", "The body is not `application/json`.");
    }
    if changes {
        problem(
            "422",
            "A field is not what it may be, the id was used for something else, or a rule forbids it; nothing was changed.",
        );
    }
    problem("500", "Something went wrong on our side.");
    problem(
        "503",
        "Not now: too much waits, the store is away, or it took too long. Try again later with the same id.",
    );
}

fn answer_headers(changes: bool) -> Value {
    let mut headers = json!({ "X-Request-Id": request_id() });
    if changes {
        headers["Idempotent-Replayed"] = json!({
            "description": "`true` where this is the first answer again.",
            "required": false,
            "schema": { "type": "string", "enum": ["true"] },
        });
    }
    headers
}

fn problem_headers(status: &str) -> Value {
    let mut headers = json!({ "X-Request-Id": request_id() });
    if status == "503" {
        headers["Retry-After"] = json!({ "description": "Seconds to wait.", "schema": { "type": "string", "pattern": "^[0-9]+$" } });
    }
    headers
}

fn request_id() -> Value {
    json!({ "description": "The request's id.", "schema": { "type": "string" } })
}

/// The ids of a path, each with what it names.
fn path_ids(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let id = |name| {
        let what = if name == "org" { "organization" } else { name };
        json!({
            "name": name, "in": "path", "required": true, "description": format!("The id of the {what}."),
            "schema": { "$ref": "#/components/schemas/Id" },
        })
    };
    names.map(id).collect()
}
