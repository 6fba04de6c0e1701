//! The demo workspace: a small AI product as a host would build it, in front of the demonstration's organizations. It knows
//! Coulomb as every host does, by its HTTP API and the components, and has no other way in. What work is and how it is
//! metered is in `work`, what runs by the clock in `tasks`, what else may happen to an organization in `occasions`.

mod api;
mod occasions;
mod pages;
mod room;
mod scene;
mod tasks;
mod work;

use crate::Failure;
use api::{Api, Trouble};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use coulomb_server::web::assets;
use room::Rooms;
use scene::Scene;
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

/// Everything the workspace has.
pub struct Workspace {
    api: Api,
    /// Where people reach it: the server's own address, without a slash at the end.
    url: String,
    rooms: Mutex<Rooms>,
    /// How many runs it has started, which is also what makes their costs differ.
    started: AtomicU64,
}

type Shared = State<Arc<Workspace>>;

impl Workspace {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // What a panicking page left behind is a list that is one entry short.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The workspace of the server at this address, which it asks with this key.
pub fn router(url: &str, key: &str) -> Result<Router, Failure> {
    let url = url.trim_end_matches('/').to_owned();
    let api = Api::new(&url, key)?;
    let workspace = Arc::new(Workspace { api, url, rooms: Mutex::default(), started: AtomicU64::new(0) });
    Ok(Router::new()
        .route("/", get(async || see_other("/workspace")))
        .route("/workspace", get(pages::welcome::show))
        .route("/workspace/switch", get(switch))
        .route("/workspace/assets/{name}", get(asset))
        .route("/workspace/{org}", get(pages::chat::show))
        .route("/workspace/{org}/tools", get(pages::tools::show))
        .route("/workspace/{org}/tasks", get(pages::tasks::show))
        .route("/workspace/{org}/tasks/{task}", post(act_on_task))
        .route("/workspace/{org}/history", get(pages::history::show))
        .route("/workspace/{org}/outputs/{run}", get(pages::history::show_output))
        .route("/workspace/{org}/try", get(pages::occasions::show).post(try_out))
        .route("/workspace/{org}/start", post(start))
        .route("/workspace/{org}/session", post(session))
        .route("/workspace/{org}/open", get(open))
        .layer(middleware::from_fn_with_state(Arc::clone(&workspace), guard))
        .with_state(workspace))
}

/// What every page may be asked for: in whose person, and where to.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Who looks; the owner unless said.
    #[serde(rename = "as")]
    person: Option<String>,
    /// A page of the console.
    to: Option<String>,
    /// The page of the workspace that one comes from.
    from: Option<String>,
    /// An organization, where another is chosen.
    org: Option<String>,
}

/// A form's fields.
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn of(body: &Bytes) -> Fields {
        Fields(url::form_urlencoded::parse(body).into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Around every page: who is let in, and under which headers it is shown.
async fn guard(State(workspace): Shared, request: Request, next: Next) -> Response {
    let mut response = match turned_away(&workspace, &request) {
        Some(answer) => answer,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets only browsers in that reach the workspace by its own name, and forms only from its own pages: a page elsewhere that
/// points a name of its own at this machine, or sends a form here, is not answered.
fn turned_away(workspace: &Workspace, request: &Request) -> Option<Response> {
    let text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let ours = workspace.url.split_once("://").map(|(_, authority)| authority);
    let host = text(header::HOST);
    if host != ours {
        // People write localhost; links and return addresses have one name.
        if request.method() == Method::GET && host.is_some_and(|host| host.starts_with("localhost:")) {
            let path = request.uri().path_and_query().map_or("/workspace", |path| path.as_str());
            return Some(see_other(&format!("{}{path}", workspace.url)));
        }
        let said = "The workspace is not known by this name.";
        return Some(Trouble::new(StatusCode::MISDIRECTED_REQUEST, said).into_response());
    }
    if request.method() == Method::POST && text(header::ORIGIN) != Some(&workspace.url) {
        let said = "This form was not sent from a page of the workspace.";
        return Some(Trouble::new(StatusCode::FORBIDDEN, said).into_response());
    }
    None
}

/// Nothing is loaded from elsewhere, nothing is inline, and nobody shows the workspace in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn see_other(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to.to_owned())]).into_response()
}

/// The style and the script.
async fn asset(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "workspace.css" => {
            ("text/css; charset=utf-8", format!("{}\n{}", assets::STYLE, include_str!("workspace.css")))
        }
        "workspace.js" => ("text/javascript; charset=utf-8", include_str!("workspace.js").to_owned()),
        _ => return Trouble::new(StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Another organization, or another person, on the same page.
async fn switch(Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let organization = api::id(asked.org.as_deref().unwrap_or_default())?;
    let person = api::id(asked.person.as_deref().unwrap_or("ada"))?;
    let page = pages::Page::of(asked.from.as_deref());
    Ok(see_other(&page.path(organization, person)))
}

/// Starts work. A script is told what came of it; without one, a person is led back to the page.
async fn start(
    State(workspace): Shared,
    Path(organization): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Trouble> {
    let fields = Fields::of(&body);
    let scene = Scene::read(&workspace, &organization, Some(fields.get("as"))).await?;
    let answer = work::start(&workspace, &scene, fields.get("work"), fields.get("text")).await;
    let is_script = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    if is_script {
        return Ok(match answer {
            Ok(said) => said.into_response(),
            Err(trouble) => trouble.into_json(),
        });
    }
    let said = answer?;
    if said.status == StatusCode::PAYMENT_REQUIRED {
        workspace.rooms().of(&organization).say("stop", said.text("detail"));
    }
    let page = pages::Page::of(Some(fields.get("from")));
    Ok(see_other(&page.path(&scene.id, &scene.me.id)))
}

/// Runs a scheduled task now, or resumes one that waits.
async fn act_on_task(
    State(workspace): Shared,
    Path((organization, task)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Trouble> {
    let fields = Fields::of(&body);
    let scene = Scene::read(&workspace, &organization, Some(fields.get("as"))).await?;
    let (tone, said) = tasks::act(&workspace, &scene, &task, fields.get("do")).await?;
    workspace.rooms().of(&organization).say(tone, &said);
    Ok(see_other(&pages::Page::Tasks.path(&scene.id, &scene.me.id)))
}

/// Lets something happen to the organization.
async fn try_out(
    State(workspace): Shared,
    Path(organization): Path<String>,
    body: Bytes,
) -> Result<Response, Trouble> {
    let fields = Fields::of(&body);
    let scene = Scene::read(&workspace, &organization, Some(fields.get("as"))).await?;
    let (tone, said) = match occasions::happen(&workspace, &scene, &fields).await {
        Ok(said) => ("ok", said),
        // What the API refuses is an answer as well: it says why.
        Err(trouble) if trouble.is_refusal() => ("warn", trouble.said().to_owned()),
        Err(trouble) => return Err(trouble),
    };
    workspace.rooms().of(&organization).say(tone, &said);
    Ok(see_other(&pages::Page::Occasions.path(&scene.id, &scene.me.id)))
}

/// A session for the components, which ask for one when they need it.
async fn session(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let organization = api::id(&organization)?;
    let body = json!({"member": api::id(asked.person.as_deref().unwrap_or_default())?});
    let session = workspace.api.post(organization, "/sessions", &body).await?;
    Ok(axum::Json(json!({"token": session["token"]})).into_response())
}

/// The console's pages that one may be led to.
const CONSOLE: [&str; 5] = ["billing", "usage", "history", "settings", "help"];

/// Opens a page of the console as this person, who comes back to where they were. A place on the page, after `#`, is
/// carried along by the browser.
async fn open(
    State(workspace): Shared,
    Path(organization): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let organization = api::id(&organization)?;
    let person = api::id(asked.person.as_deref().unwrap_or("ada"))?;
    let to = CONSOLE.into_iter().find(|page| asked.to.as_deref() == Some(page)).unwrap_or("billing");
    let back = pages::Page::of(asked.from.as_deref()).path(organization, person);
    let body = json!({"member": person, "return_url": format!("{}{back}", workspace.url)});
    let session = workspace.api.post(organization, "/sessions", &body).await?;
    let url = session["url"].as_str().unwrap_or_default();
    Ok(see_other(&format!("{url}?to={to}")))
}
