//! Lists of groups.

use serde_json::{Value, json};

use rendezhook_domain::matching::Filter;
use rendezhook_domain::subscription::Dialect;

use super::*;

/// The texts in which a listing of ours differs from the document's: addresses of hosts, and the digits behind types.
fn without_links_and_digests(mut group: Value) -> Value {
    group.as_object_mut().unwrap().remove("_links");
    group.as_object_mut().unwrap().remove("id");
    for hook in group["hooks"].as_array_mut().unwrap() {
        let name = hook["type"].as_str().unwrap().to_owned();
        let plain = crate::doo::HookType::of_listed_name(&name).unwrap();
        hook["type"] = json!(plain.name());
    }
    group
}

#[test]
fn both_examples_are_listed_as_they_were_sent() {
    for example in [FIRST_EXAMPLE, SECOND_EXAMPLE] {
        let shown = shown(example);
        assert_eq!(
            serde_json::to_string(&without_links_and_digests(shown)).unwrap(),
            serde_json::to_string(&without_links_and_digests(json(example))).unwrap()
        );
    }
}

#[test]
fn what_is_listed_makes_the_same_group_again() {
    for example in [FIRST_EXAMPLE, SECOND_EXAMPLE] {
        let mut body = json(example);
        body["event_id"] = json!("e\"1");
        body["hooks"][0]["endpoint"] = json!("https://example.com/h?a=b&c=%20#d");
        let listed = shown(&body.to_string());
        assert_eq!(listed["event_id"], "e\"1");
        assert_eq!(shown(&listed.to_string()), listed);
    }
}

#[test]
fn a_list_reads_like_the_first_example_of_the_document() {
    let made = subscriptions(&parse(FIRST_EXAMPLE).unwrap(), GROUP);
    let organization = fixture::organization();
    let surroundings = GroupSurroundings { address: ADDRESS, organization: &organization };
    let body = list(listed(&made), GroupPage::parse(None).unwrap(), 3, surroundings);
    insta::assert_snapshot!(serde_json::to_string_pretty(&json(fixture::text(&body))).unwrap());
}

#[test]
fn a_hook_with_an_origin_lists_its_type_with_digits() {
    let listed = shown(SECOND_EXAMPLE);
    let types: Vec<&str> =
        listed["hooks"].as_array().unwrap().iter().map(|hook| hook["type"].as_str().unwrap()).collect();
    assert_ne!(types[0].strip_prefix("event_created_"), types[1].strip_prefix("event_updated_"));
    assert!(types.iter().all(|name| name.len() == "event_created_".len() + 32), "{types:?}");
    assert_eq!(shown(SECOND_EXAMPLE)["hooks"], listed["hooks"]);
}

#[test]
fn secrets_are_masked_where_the_organization_wants_it() {
    let made = subscriptions(&parse(FIRST_EXAMPLE).unwrap(), GROUP);
    let secret = |masks| {
        let mut organization = fixture::organization();
        organization.masks_doo_secrets = masks;
        let surroundings = GroupSurroundings { address: ADDRESS, organization: &organization };
        let shown = group(listed(&made), GROUP, surroundings).unwrap();
        let listed = list(listed(&made), GroupPage::parse(None).unwrap(), 3, surroundings);
        let text = format!("{}{}", fixture::text(&shown), fixture::text(&listed));
        assert_eq!(text.contains("super-strong-secret"), !masks);
        json(fixture::text(&shown))
    };
    assert_eq!(secret(false)["authentication"]["credentials"]["client_secret"], "super-strong-secret");
    let masked = secret(true);
    assert_eq!(masked["authentication"]["credentials"]["client_secret"], MASKED_SECRET);
    let refused = wrong(parse(&masked.to_string()).unwrap_err());
    assert!(refused[0].starts_with("authentication.credentials.client_secret: "), "{refused:?}");
}

#[test]
fn a_group_of_nothing_but_hooks_shows_neither_event_nor_authentication() {
    let hook = json!({ "type": "order_removed", "method": "DELETE", "endpoint": "https://example.com/" });
    let listed = shown(&json!({ "name": "n", "hooks": [hook] }).to_string());
    let expected = json!({
        "id": GROUP,
        "name": "n",
        "description": "",
        "hooks": [hook],
        "_links": { "self": { "href": format!("{ADDRESS}/v1/webhooks/{GROUP}") } }
    });
    assert_eq!(listed.to_string(), expected.to_string());
}

#[test]
fn what_another_api_made_of_a_hook_is_shown() {
    let mut made = subscriptions(&parse(FIRST_EXAMPLE).unwrap(), GROUP);
    made.truncate(1);
    let patterns = ["event.*", "order.created"];
    made[0].0.filter = Filter {
        actions: patterns.iter().map(|text| text.parse().unwrap()).collect(),
        user: None,
        event: None,
    };
    made[0].0.authentication =
        Some(rendezhook_domain::subscription::TargetAuthentication::ApiKey { header: Arc::from("x-key") });
    let organization = fixture::organization();
    let surroundings = GroupSurroundings { address: ADDRESS, organization: &organization };
    let shown = json(fixture::text(&group(listed(&made), GROUP, surroundings).unwrap()));
    assert_eq!(shown["hooks"][0]["type"], "event.*,order.created");
    assert!(shown.get("authentication").is_none());
}

#[test]
fn only_the_subscriptions_of_the_group_are_shown_in_their_order() {
    let other = Uuid::from_u128(7);
    let mut made = subscriptions(&parse(FIRST_EXAMPLE).unwrap(), GROUP);
    made.extend(subscriptions(&parse(SECOND_EXAMPLE).unwrap(), other));
    made.push((fixture::subscription(Dialect::Vyte, "event.created"), None));
    made.reverse();
    let organization = fixture::organization();
    let surroundings = GroupSurroundings { address: ADDRESS, organization: &organization };
    let shown = json(fixture::text(&group(listed(&made), GROUP, surroundings).unwrap()));
    assert_eq!(shown["hooks"], super::shown(FIRST_EXAMPLE)["hooks"]);
    assert!(group(listed(&made), Uuid::from_u128(8), surroundings).is_none());
    let page = list(listed(&made), GroupPage::parse(None).unwrap(), 3, surroundings);
    assert_eq!(json(fixture::text(&page))["total_items"], 2);
}

/// How many groups a page has, how many pages there are, and the links.
fn page(count: u128, page: &str) -> Value {
    let request = parse(FIRST_EXAMPLE).unwrap();
    let made: Vec<_> =
        (1..=count).flat_map(|number| subscriptions(&request, Uuid::from_u128(number))).collect();
    let organization = fixture::organization();
    let surroundings = GroupSurroundings { address: ADDRESS, organization: &organization };
    let body = list(listed(&made), GroupPage::parse(Some(page)).unwrap(), 3, surroundings);
    let body = json(fixture::text(&body));
    assert_eq!((&body["total_items"], &body["page_size"]), (&json!(count), &json!(25)));
    let collection = format!("{ADDRESS}/v1/team/3/webhooks");
    let links: Vec<String> = body["_links"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, link)| {
            let href = link["href"].as_str().unwrap();
            format!("{name} {}", href.strip_prefix(&collection).unwrap())
        })
        .collect();
    let shown = body["_embedded"]["webhooks"].as_array().map(Vec::len);
    json!([shown, body["page_count"], links.join(", ")])
}

#[test]
fn pages_lead_to_their_neighbours() {
    let cases = [
        (0, "1", json!([0, 1, "self ?page=1, first , last ?page=1"])),
        (25, "1", json!([25, 1, "self ?page=1, first , last ?page=1"])),
        (26, "1", json!([25, 2, "self ?page=1, first , last ?page=2, next ?page=2"])),
        (26, "2", json!([1, 2, "self ?page=2, first , last ?page=2, prev ?page=1"])),
        (60, "2", json!([25, 3, "self ?page=2, first , last ?page=3, prev ?page=1, next ?page=3"])),
        (26, "3", json!([0, 2, "self ?page=3, first , last ?page=2, prev ?page=2"])),
        (1, "9", json!([0, 1, "self ?page=9, first , last ?page=1"])),
        (1, "18446744073709551615", json!([0, 1, "self ?page=18446744073709551615, first , last ?page=1"])),
    ];
    for (count, number, expected) in cases {
        assert_eq!(page(count, number), expected, "{count} {number}");
    }
}

#[test]
fn a_page_is_a_number_from_one() {
    for refused in ["0", "-1", "one", "", "1.5", "99999999999999999999"] {
        let told = wrong(GroupPage::parse(Some(refused)).unwrap_err());
        assert_eq!(told, ["page: must be a whole number, 1 or more"], "{refused}");
    }
}
