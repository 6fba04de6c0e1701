//! A real server whose provider is a Stripe that others have made, and that tells what happened by itself: from the first
//! payment to the last refund, over real sockets on both sides.

use crate::{
    localstripe::Localstripe,
    served::{Server, configure, finished},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The id of the one payment that was charged without a person.
async fn automatic(local: &Localstripe) -> String {
    let intents = local.get("/v1/payment_intents").await;
    let mut intents = intents["data"].as_array().unwrap().iter();
    let found = intents.find(|intent| intent["metadata"]["coulomb_purpose"] == "recharge");
    found.unwrap()["id"].as_str().unwrap().into()
}

#[tokio::test]
async fn what_a_stripe_of_others_tells_is_granted_used_bought_again_and_taken_back() {
    let directory = TempDir::new().unwrap();
    let local = Localstripe::start(directory.path());
    configure(directory.path(), &local.url);
    let server = Server::start(directory.path()).await;
    local.delivers_to(&format!("{}/v1/webhooks/stripe", server.url)).await;
    server.asks("PUT", "", &json!({ "name": "Acme" })).await.unwrap();

    // It has no portal; whoever asks for one is a customer all the same.
    let portal = server.http.post(format!("{}/v1/organizations/acme/portal", server.url));
    let portal =
        portal.bearer_auth(&server.key).json(&json!({ "return_url": "https://host.example/billing" }));
    assert!(!portal.send().await.unwrap().status().is_success());
    let customer = local.customer().await;
    let without_card = server.asks("GET", "/balance", &Value::Null).await.unwrap();
    local.has_a_card(&customer).await;
    server.follows(|balance| balance["version"] != without_card["version"]).await;
    local.subscribes(&customer).await;
    server.follows(|balance| balance["available"] == "10000").await;

    let settings = json!({ "enabled": true, "threshold": 10000, "amount": 5000, "monthly_limit": 500_000 });
    server.asks("PUT", "/auto_recharge", &settings).await.unwrap();
    server.asks("POST", "/charges", &json!({ "id": "work", "kind": "background", "used": 1 })).await.unwrap();
    server.follows(|balance| balance["available"] == "14999").await;
    assert_eq!(local.charged().await, [1_000, 500]);

    let settings = json!({ "enabled": false });
    server.asks("PUT", "/auto_recharge", &settings).await.unwrap();
    local.post("/v1/refunds", &[("payment_intent", &automatic(&local).await)]).await;
    server.follows(|balance| balance["available"] == "9999").await;

    server.kill().await;
    let reconciled = finished(directory.path(), "reconcile").await;
    let said = String::from_utf8_lossy(&reconciled.stdout);
    assert!(reconciled.status.success() && said.contains("Nothing is left for a person."), "{reconciled:?}");
    let verified = finished(directory.path(), "verify").await;
    assert!(verified.status.success(), "{verified:?}");
    let server = Server::start(directory.path()).await;
    let balance = server.asks("GET", "/balance", &Value::Null).await.unwrap();
    assert_eq!((&balance["available"], &balance["debt"]["total"]), (&json!("9999"), &json!("0")));
}
