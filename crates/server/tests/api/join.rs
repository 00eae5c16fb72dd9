//! The join link.

use std::time::{Duration, Instant};

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use insta::{assert_json_snapshot, assert_snapshot};
use rendezhook_dialects::delivery::{DeliveryContext, Fetched, build};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::Sequence;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::fixture::joinable::{FORM, Joinable, joinable, page, submission};
use crate::fixture::{Answer, Api};

/// The bodies that hooks of the organization are waiting to get.
async fn delivery_bodies(api: &Api, key: &str) -> Vec<Value> {
    let listed = api.get("/api/v1/deliveries", key).await.json();
    let catalogue = api.store.catalogue();
    let mut bodies = Vec::new();
    for announced in api.store.receivers_with_pending().await.unwrap() {
        let page = api
            .store
            .pending_page(announced.receiver, Sequence::new(0), announced.sequence, None, 100)
            .await
            .unwrap();
        for pending in page.deliveries {
            let material = api.store.material(&[pending.key]).await.unwrap().remove(0);
            let entry = catalogue.subscriptions.get(&pending.subscription).unwrap();
            let organization = catalogue.organization(entry.subscription.organization).unwrap();
            let keys: Vec<_> = entry.keys.iter().map(|key| &key.secret).collect();
            let id: DeliveryId = listed["items"][0]["id"].as_str().unwrap().parse().unwrap();
            let context = DeliveryContext {
                delivery: id,
                attempt: 1,
                origin: pending.origin,
                action: &material.action,
                organization: &organization.organization,
                subscription: &entry.subscription,
                keys: &keys,
                shared_secret: None,
                target_secret: None,
                request_origin: "hooks.example.com",
                headers: &[],
                frozen_body: None,
                overtaken: false,
                previous: None,
                folded: None,
            };
            let parts = build(&Fetched::default(), &context, pending.due_at).unwrap();
            bodies.push(serde_json::from_slice(&parts.body).unwrap());
        }
    }
    bodies
}

#[tokio::test]
async fn who_joins_is_a_user_and_hooks_hear_of_it_with_the_extid() {
    let joinable = Joinable::start().await;
    let started = Instant::now();
    let answer = joinable.send("name=Ann+Example&email=Ann%40Example.com&extid=crm-7").await;
    assert!(started.elapsed() >= Duration::from_millis(250), "{:?}", started.elapsed());
    assert_snapshot!(page(&answer), @r#"
    200
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>You are a member of Müller &amp; &lt;Söhne&gt;</title>

    </head>
    <body>
    <main>
    <h1>You are a member of Müller &amp; &lt;Söhne&gt;</h1>
    <p>You can close this page now.</p>
    </main>
    </body>
    </html>
    "#);

    let bodies = delivery_bodies(&joinable.api, &joinable.key).await;
    let [body] = bodies.as_slice() else { panic!("{bodies:?}") };
    assert_eq!(body[0]["resource"]["account"]["organization"]["extid"], "crm-7");
    assert_eq!(body[0]["resource"]["account"]["organization"]["id"], joinable.vyte_id);
    assert_eq!(body[0]["organization"], joinable.vyte_id);
    assert_eq!(body[0]["user"], body[0]["resource"]["_id"]);
    assert_eq!(joinable.user(&body[0]["user"]).await, body[0]["resource"]);
    let mut shown = body.clone();
    for place in ["/0/resource/_id", "/0/resource/account/organization/id", "/0/organization", "/0/user"] {
        *shown.pointer_mut(place).unwrap() = json!("<24 hex>");
    }
    assert_json_snapshot!(shown, @r#"
    [
      {
        "action": "user.joined",
        "resource": {
          "_id": "<24 hex>",
          "first_name": "Ann",
          "last_name": "Example",
          "full_name": "Ann Example",
          "emails": [
            "Ann@Example.com"
          ],
          "account": {
            "organization": {
              "id": "<24 hex>",
              "name": "Müller & <Söhne>",
              "admin": false,
              "extid": "crm-7"
            }
          }
        },
        "organization": "<24 hex>",
        "user": "<24 hex>"
      }
    ]
    "#);
}

#[tokio::test]
async fn whoever_is_a_user_gets_the_same_answer_and_stays_as_they_are() {
    let joinable = Joinable::start().await;
    let first = joinable.send("name=Ann&email=ann%40example.com&extid=first").await;
    assert_eq!(first.status, 200);
    let users = joinable.users().await;
    assert_eq!(users.len(), 1);
    let user = joinable.user(&users[0]).await;

    joinable.api.clock.advance_seconds(60);
    let started = Instant::now();
    let again = joinable.send("name=Somebody+Else&email=+ANN%40EXAMPLE.COM+&extid=second").await;
    assert!(started.elapsed() >= Duration::from_millis(250), "{:?}", started.elapsed());
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&again), names(&first));
    assert_eq!(joinable.users().await, users);
    assert_eq!(joinable.user(&users[0]).await, user);
    assert_eq!(user["account"]["organization"]["extid"], "first");
}

#[tokio::test]
async fn of_two_who_join_at_once_with_one_address_one_is_heard_of() {
    let joinable = Joinable::start().await;
    let forms = ["name=Ann&email=ann%40example.com", "name=Anne&email=Ann%40example.com"];
    let (left, right) = tokio::join!(joinable.send(forms[0]), joinable.send(forms[1]));
    assert_eq!((left.status.as_u16(), &left.body), (200, &right.body));
    assert_eq!(joinable.users().await.len(), 1);
}

#[tokio::test]
async fn without_an_extid_there_is_none() {
    let joinable = Joinable::start().await;
    assert_eq!(joinable.send("name=Ann&email=ann%40example.com&extid=").await.status, 200);
    let user = joinable.user(&joinable.users().await[0]).await;
    let expected = json!({ "id": joinable.vyte_id, "name": "Müller & <Söhne>", "admin": false });
    assert_eq!(user["account"]["organization"], expected);
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Ann"), &Value::Null));
}

#[tokio::test]
async fn one_address_is_another_user_in_another_organization() {
    let joinable_one = Joinable::start().await;
    let (other_key, other_id) = joinable(&joinable_one.api, "Other").await;
    joinable_one.send("name=Ann&email=ann%40example.com").await;
    let path = format!("/organizations/{other_id}/join");
    joinable_one.api.send(submission(&path, "192.0.2.1", "name=Ann&email=ann%40example.com")).await;

    let own = joinable_one.users().await;
    let listed = joinable_one.api.get("/api/v1/deliveries", &other_key).await.json();
    let others = listed["items"].as_array().unwrap();
    assert_eq!((own.len(), others.len()), (1, 1));
    assert_ne!(own[0], others[0]["resource_id"]);
    let path = format!("/api/v1/resources/user/{}", own[0].as_str().unwrap());
    assert_eq!(joinable_one.api.get(&path, &other_key).await.status, 404);
}

#[tokio::test]
async fn a_link_that_is_off_answers_as_one_that_never_was() {
    let api = Api::start().await;
    let (id, key) = api.organization("Example").await;
    let organization = api.get(&format!("/api/v1/organizations/{id}"), &key).await;
    let off = format!("/organizations/{}/join", organization.member("/vyte_id"));
    let expected = api.get(&off, "").await;
    assert_snapshot!(page(&expected), @r#"
    404
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>There is no such page</title>

    </head>
    <body>
    <main>
    <h1>There is no such page</h1>
    <p>Check the link, or ask whoever gave it to you for a new one.</p>
    </main>
    </body>
    </html>
    "#);
    for path in [
        off.as_str(),
        "/organizations/ffffffffffffffffffffffff/join?extid=7",
        "/organizations/7/join",
        "/organizations/%FF/join",
        &format!("/organizations/{id}/join"),
    ] {
        let form = "name=Ann&email=ann%40example.com";
        for answer in [api.get(path, "").await, api.send(submission(path, "192.0.2.1", form)).await] {
            assert_eq!((answer.status.as_u16(), &answer.body), (404, &expected.body), "{path}");
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        }
    }
}

#[tokio::test]
async fn the_form_loads_nothing_and_keeps_the_extid() {
    let joinable = Joinable::start().await;
    let answer = joinable.show("?utm_source=mail&extid=%22%3E%3Cscript%3E%26").await;
    assert_snapshot!(page(&answer), @r#"
    200
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Join Müller &amp; &lt;Söhne&gt;</title>

    </head>
    <body>
    <main>
    <h1>Join Müller &amp; &lt;Söhne&gt;</h1>
    <form method="post" action="join" novalidate>
    <label for="name">Name</label>
    <input type="text" id="name" name="name" value="" autocomplete="name" maxlength="255" required>
    <label for="email">E-mail address</label>
    <input type="email" id="email" name="email" value="" autocomplete="email" maxlength="254" required>
    <input type="hidden" name="extid" value="&quot;&gt;&lt;script&gt;&amp;">
    <button type="submit">Join</button>
    </form>
    </main>
    </body>
    </html>
    "#);
    let headers = [
        "content-type",
        "content-security-policy",
        "referrer-policy",
        "x-content-type-options",
        "x-frame-options",
        "cache-control",
    ];
    let html = std::str::from_utf8(&answer.body).unwrap();
    let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
    let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let headers: Vec<String> = headers
        .iter()
        .map(|name| format!("{name}: {}", answer.header(name).replace(&hash, "<hash of the style>")))
        .collect();
    assert_snapshot!(headers.join("\n"), @r"
    content-type: text/html; charset=utf-8
    content-security-policy: default-src 'none'; style-src 'sha256-<hash of the style>'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY
    cache-control: no-store
    ");
    assert_eq!(joinable.show("").await.status, 200);
}

#[tokio::test]
async fn mistakes_are_named_beside_their_fields_and_nothing_is_lost() {
    let joinable = Joinable::start().await;
    let both = joinable.send("name=+&email=&extid=crm-7").await;
    assert_snapshot!(page(&both), @r#"
    422
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Error: Join Müller &amp; &lt;Söhne&gt;</title>

    </head>
    <body>
    <main>
    <h1>Join Müller &amp; &lt;Söhne&gt;</h1>
    <form method="post" action="join" novalidate>
    <label for="name">Name</label>
    <p class="error" id="name-error">Enter your name.</p>
    <input type="text" id="name" name="name" value="" autocomplete="name" maxlength="255" required aria-invalid="true" aria-describedby="name-error" autofocus>
    <label for="email">E-mail address</label>
    <p class="error" id="email-error">Enter your e-mail address.</p>
    <input type="email" id="email" name="email" value="" autocomplete="email" maxlength="254" required aria-invalid="true" aria-describedby="email-error">
    <input type="hidden" name="extid" value="crm-7">
    <button type="submit">Join</button>
    </form>
    </main>
    </body>
    </html>
    "#);
    let one = joinable.send("name=%3Cb%3E%22Ann%22&email=ann%27%3E&extid=crm-7").await;
    assert_snapshot!(page(&one), @r#"
    422
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Error: Join Müller &amp; &lt;Söhne&gt;</title>

    </head>
    <body>
    <main>
    <h1>Join Müller &amp; &lt;Söhne&gt;</h1>
    <form method="post" action="join" novalidate>
    <label for="name">Name</label>
    <input type="text" id="name" name="name" value="&lt;b&gt;&quot;Ann&quot;" autocomplete="name" maxlength="255" required>
    <label for="email">E-mail address</label>
    <p class="error" id="email-error">Enter an e-mail address such as name@example.com.</p>
    <input type="email" id="email" name="email" value="ann&#39;&gt;" autocomplete="email" maxlength="254" required aria-invalid="true" aria-describedby="email-error" autofocus>
    <input type="hidden" name="extid" value="crm-7">
    <button type="submit">Join</button>
    </form>
    </main>
    </body>
    </html>
    "#);
    assert_eq!(joinable.users().await, [Value::Null; 0]);
}

#[tokio::test]
async fn requests_that_no_browser_sends_are_refused() {
    let joinable = Joinable::start().await;
    let typed = |media_type: &str, body: String| {
        let request = Request::post(&joinable.path).header(header::CONTENT_TYPE, media_type);
        joinable.api.send(request.body(Body::from(body)).unwrap())
    };
    let json = typed("application/json", json!({ "name": "Ann" }).to_string()).await;
    assert_snapshot!(page(&json), @r#"
    415
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>This link does not work</title>

    </head>
    <body>
    <main>
    <h1>This link does not work</h1>
    <p>Something is wrong with it. Ask whoever gave it to you for a new one.</p>
    </main>
    </body>
    </html>
    "#);
    assert_eq!(typed(FORM, format!("name={}", "x".repeat(16 * 1024))).await.status, 413);
    assert_eq!(typed(FORM, format!("name=Ann&email=a%40b.c&extid={}", "x".repeat(256))).await.status, 400);
    assert_eq!(typed(FORM, String::from("name=Ann&email=a%40b.c&extid=a%0Ab")).await.status, 400);
    assert_eq!(joinable.show(&format!("?extid={}", "x".repeat(256))).await.status, 400);

    let put = joinable.api.call("PUT", &joinable.path, "", Value::Null).await;
    assert_eq!((put.status.as_u16(), put.header("allow")), (405, "GET,HEAD,POST"));
    assert_eq!(joinable.users().await, [Value::Null; 0]);
}
