//! What may happen to an organization, brought about by a button: time passes, cards stop working, money goes back. Each goes
//! the way it would with any sandboxed provider, through its calls and its pages.

use super::{
    Fields, Workspace,
    api::{Trouble, grouped, of, whole},
    scene::{Scene, instant, rows},
    tasks::{self, Happened},
};
use axum::http::StatusCode;
use ledger::{Duration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// How many credits a gift is, and for how long.
const GIFT: i64 = 5_000;
const GIFT_LIFETIME: Duration = Duration::days(30);

/// By how many credits a run overruns what there is.
const OVERRUN: i64 = 320;

/// Lets it happen, and says what did.
pub async fn happen(workspace: &Workspace, scene: &Scene, fields: &Fields) -> Result<String, Trouble> {
    match fields.get("do") {
        "hour" => pass(workspace, scene, scene.now().after(Duration::hours(1))).await,
        "day" => pass(workspace, scene, scene.now().after(Duration::days(1))).await,
        "week" => pass(workspace, scene, scene.now().after(Duration::days(7))).await,
        "renewal" => to_renewal(workspace, scene).await,
        "card" => card(workspace, scene, fields.get("card")).await,
        "overrun" => overrun(workspace, scene).await,
        "refund" => about_last(workspace, scene, Wanted::Refund).await,
        "dispute" => about_last(workspace, scene, Wanted::Dispute).await,
        "win" => close_dispute(workspace, scene, "win").await,
        "lose" => close_dispute(workspace, scene, "lose").await,
        "cancel" => {
            workspace.api.post(&scene.id, "/subscription/cancel", &Value::Null).await?;
            Ok("The subscription ends with its period. Until then everything works.".into())
        }
        "resume" => {
            workspace.api.post(&scene.id, "/subscription/resume", &Value::Null).await?;
            Ok("The subscription goes on.".into())
        }
        "subscribe" => subscribe(workspace, scene).await,
        "gift" => gift(workspace, scene).await,
        _ => Err(Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, "This page does no such thing.")),
    }
}

async fn pass(workspace: &Workspace, scene: &Scene, to: Timestamp) -> Result<String, Trouble> {
    let Happened { ran, failed, paused } = tasks::move_clock(workspace, scene, to).await?;
    let at = coulomb_server::words::date(to);
    let refused = match paused {
        0 => String::new(),
        1 => " One task was refused and waits.".to_owned(),
        paused => format!(" {paused} tasks were refused and wait."),
    };
    Ok(format!("It is now {at}. On the way {ran} scheduled runs were done and {failed} failed.{refused}"))
}

async fn to_renewal(workspace: &Workspace, scene: &Scene) -> Result<String, Trouble> {
    let nothing = || Trouble::new(StatusCode::CONFLICT, "Nothing renews: there is no running subscription.");
    let end = tasks::renewal(scene).filter(|end| *end > scene.now()).ok_or_else(nothing)?;
    pass(workspace, scene, end).await
}

async fn card(workspace: &Workspace, scene: &Scene, behaviour: &str) -> Result<String, Trouble> {
    let said = match behaviour {
        "ok" => "The card on file works now.",
        "declined" => "The card on file is declined from now on.",
        "requires_action" => "The card on file needs somebody to confirm each payment.",
        "none" => "No card is on file.",
        _ => return Err(Trouble::new(StatusCode::UNPROCESSABLE_ENTITY, "Choose a card.")),
    };
    let path = format!("/sandbox/organizations/{}/card", scene.id);
    workspace.api.done(Method::PUT, &path, None, Some(&json!({ "behaviour": behaviour }))).await?;
    Ok(said.into())
}

/// A run that was admitted uses more than there is: the shortest way into debt.
async fn overrun(workspace: &Workspace, scene: &Scene) -> Result<String, Trouble> {
    let available = whole(&workspace.api.get(&scene.id, "/balance").await?["available"]);
    let number = workspace.started.fetch_add(1, Ordering::Relaxed);
    let id = format!("overrun-{:x}-{number}", coulomb_server::clock::now().micros());
    let body = json!({
        "id": id, "kind": "workflow_run", "hold": available.min(100), "member": scene.me.id,
        "metadata": {"title": "Quarterly market scan", "work": "Workflow run"},
    });
    let said = workspace.api.ask(Method::POST, &of(&scene.id, "/runs"), None, Some(&body)).await?;
    if said.status != StatusCode::CREATED {
        return Err(Trouble::new(said.status, said.text("detail")));
    }
    let used = available.saturating_add(OVERRUN);
    workspace.api.post(&scene.id, &format!("/runs/{id}/settle"), &json!({ "used": used })).await?;
    Ok(format!("A run used {} credits, {OVERRUN} more than there were.", grouped(used)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Refund,
    Dispute,
}

/// Something about the last payment of which there is money left.
async fn about_last(workspace: &Workspace, scene: &Scene, wanted: Wanted) -> Result<String, Trouble> {
    let payments = workspace.api.get(&scene.id, "/payments").await?;
    let open = rows(&payments).iter().find(|payment| left(payment) > 0 && open_dispute(payment).is_none());
    let nothing = || Trouble::new(StatusCode::CONFLICT, "There is no payment that this could be about.");
    let payment = open.ok_or_else(nothing)?;
    let id = payment["id"].as_str().unwrap_or_default();
    // Half of what is left, at least the smallest coin.
    let minor = (left(payment) / 2).max(1);
    let amount = coulomb_server::money::typed(minor, payment["currency"].as_str().unwrap_or("USD"));
    match wanted {
        Wanted::Refund => {
            act(workspace, scene, &[("do", "refund"), ("payment", id), ("amount", &amount)]).await?;
            Ok(format!("{amount} of the last payment went back."))
        }
        Wanted::Dispute => {
            act(workspace, scene, &[("do", "dispute"), ("payment", id)]).await?;
            Ok("The last payment is disputed.".into())
        }
    }
}

async fn close_dispute(workspace: &Workspace, scene: &Scene, how: &str) -> Result<String, Trouble> {
    let payments = workspace.api.get(&scene.id, "/payments").await?;
    let open = rows(&payments).iter().find_map(|payment| Some((payment, open_dispute(payment)?)));
    let nothing = || Trouble::new(StatusCode::CONFLICT, "No dispute is open.");
    let (payment, dispute) = open.ok_or_else(nothing)?;
    let id = payment["id"].as_str().unwrap_or_default();
    act(workspace, scene, &[("do", how), ("payment", id), ("id", dispute)]).await?;
    Ok(if how == "win" { "The dispute was won." } else { "The dispute was lost." }.into())
}

/// What is left of a payment after its refunds, in minor units.
fn left(payment: &Value) -> i64 {
    let refunds = payment["refunds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let back = refunds.iter().filter(|refund| refund["failed"] != true);
    let back: i64 = back.filter_map(|refund| refund["amount"].as_i64()).sum();
    payment["paid"].as_i64().unwrap_or(0).saturating_sub(back)
}

fn open_dispute(payment: &Value) -> Option<&str> {
    let disputes = payment["disputes"].as_array().map(Vec::as_slice).unwrap_or_default();
    disputes.iter().find(|dispute| dispute["outcome"].is_null()).and_then(|dispute| dispute["id"].as_str())
}

/// Sends a form of the provider's portal.
async fn act(workspace: &Workspace, scene: &Scene, fields: &[(&str, &str)]) -> Result<(), Trouble> {
    let body = json!({ "return_url": workspace.url });
    let portal = workspace.api.post(&scene.id, "/portal", &body).await?;
    workspace.api.submit(portal["url"].as_str().unwrap_or_default(), fields).await
}

/// Somebody subscribes and pays with a card that works.
async fn subscribe(workspace: &Workspace, scene: &Scene) -> Result<String, Trouble> {
    let body = json!({"plan": "team", "return_url": workspace.url});
    let page = workspace.api.post(&scene.id, "/checkout", &body).await?;
    workspace.api.submit(page["url"].as_str().unwrap_or_default(), &[("do", "pay"), ("card", "ok")]).await?;
    Ok("The subscription to Team has started.".into())
}

async fn gift(workspace: &Workspace, scene: &Scene) -> Result<String, Trouble> {
    let expires_at = scene.now().after(GIFT_LIFETIME);
    let body = json!({"amount": GIFT, "expires_at": expires_at.to_string(), "reason": "A gesture from the demo workspace"});
    workspace.api.post(&scene.id, "/grants", &body).await?;
    Ok(format!("{} promotional credits arrived. They live for 30 days.", grouped(GIFT)))
}

/// When the next renewal is, for the button that goes there.
pub fn next_renewal(scene: &Scene) -> Option<Timestamp> {
    instant(&scene.balance["period"]["end"]).filter(|end| *end > scene.now())
}
