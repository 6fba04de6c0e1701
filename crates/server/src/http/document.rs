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
    components["responses"] = problem_responses().into();
    components["headers"] = headers();
    components["parameters"] = header_parameters();
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
        all.push(json!({ "$ref": "#/components/parameters/Member" }));
    }
    if changes && path != "/v1/batch" {
        all.push(json!({ "$ref": "#/components/parameters/Repeat" }));
    }
    operation["parameters"] = all.into();

    let responses = operation["responses"].as_object_mut().expect("an operation has responses");
    for response in responses.values_mut() {
        response["headers"] = json!({ "X-Request-Id": { "$ref": "#/components/headers/RequestId" } });
        if changes {
            response["headers"]["Idempotent-Replayed"] = json!({ "$ref": "#/components/headers/Replayed" });
        }
        if of_organization {
            response["headers"]["Coulomb-Slot"] = json!({ "$ref": "#/components/headers/Slot" });
        }
    }
    let can = |name: &str| match name {
        "Unauthorized" | "Forbidden" => route.keys != Taken::Nobodys,
        "NotFound" => of_organization,
        "UnsupportedMediaType" => has_body,
        "Refused" => changes,
        _ => true,
    };
    for (name, status, _) in PROBLEMS.iter().filter(|(name, ..)| can(name)) {
        let said = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.entry(*status).or_insert(said);
    }
}

/// The problems that operations can answer: a name, the status, and what it means.
const PROBLEMS: [(&str, &str, &str); 9] = [
    ("Malformed", "400", "The request is malformed: its JSON, its query or a header."),
    ("Unauthorized", "401", "There is no key, or it does not work."),
    ("Forbidden", "403", "The key's scope or the member's role does not allow it; says who may."),
    ("NotFound", "404", "There is no such organization, or it has no such thing."),
    ("TooLarge", "413", "The body is larger than the limit."),
    ("UnsupportedMediaType", "415", "The body is not `application/json`."),
    (
        "Refused",
        "422",
        "A field is not what it may be, the id was used for something else, or a rule forbids it. Nothing was changed.",
    ),
    ("Fault", "500", "Something went wrong on our side."),
    (
        "Unavailable",
        "503",
        "Not now: too much waits, the store is away, or it took too long. Try again later with the same id.",
    ),
];

/// Each problem as a response that operations refer to.
fn problem_responses() -> Map<String, Value> {
    let response = |(name, status, description): &(&str, &str, &str)| {
        let mut headers = json!({ "X-Request-Id": { "$ref": "#/components/headers/RequestId" } });
        if *status == "503" {
            headers["Retry-After"] = json!({ "$ref": "#/components/headers/RetryAfter" });
        }
        let response = json!({
            "description": description,
            "headers": headers,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        ((*name).to_owned(), response)
    };
    PROBLEMS.iter().map(response).collect()
}

fn headers() -> Value {
    json!({
        "RequestId": { "description": "The request's id.", "schema": { "type": "string" } },
        "RetryAfter": { "description": "Seconds to wait.", "schema": { "type": "string", "pattern": "^[0-9]+$" } },
        "Slot": {
            "description": "A number that never changes for this organization. A balancer may go by it to send an organization \
                            to the same server each time, which is faster and nothing else.",
            "schema": { "type": "integer", "minimum": 0, "maximum": store::slot::SLOTS - 1 },
        },
        "Replayed": {
            "description": "`true` where this is the first answer again.",
            "schema": { "type": "string", "enum": ["true"] },
        },
    })
}

/// The headers that requests of members and repeats carry.
fn header_parameters() -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": false, "description": description,
            "schema": { "$ref": "#/components/schemas/Id" },
        })
    };
    json!({
        "Member": header("Coulomb-Member", "The member on whose behalf; what members may do and see applies."),
        "Repeat": header("Idempotency-Key", "Recognises a repeat where the body has no id of its own."),
    })
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
