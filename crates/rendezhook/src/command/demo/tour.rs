//! What the reader can try next: commands with the real address, keys and ids.

use std::net::SocketAddr;

/// A question to GraphQL.
const GRAPHQL: &str =
    r#"{"query": "{ events(confirmed: true, first: 5) { nodes { id title dates { date } } } }"}"#;

/// What the commands need.
pub(super) struct Tour<'a> {
    /// Where the server listens.
    pub(super) server: SocketAddr,
    /// A key of the demo organization.
    pub(super) key: &'a str,
    /// Where new hooks may point.
    pub(super) target_url: &'a str,
    /// The delivery that failed at first.
    pub(super) failed_delivery: Option<&'a str>,
}

impl Tour<'_> {
    /// Titles with their commands, in the order in which they make sense.
    pub(super) fn commands(&self) -> Vec<(&'static str, String)> {
        let target_url = self.target_url;
        let hook = format!(r#"{{"action": "event.confirmed", "target_url": "{target_url}"}}"#);
        let subscription = format!(r#"{{"target_url": "{target_url}", "actions": ["event.*"]}}"#);
        let action = r#"{"action": "event.confirmed", "resource_kind": "event", "resource_id": "booking-1", "resource": {"title": "First visit"}}"#;
        let mut commands = vec![
            ("List hooks as a Vyte integration does (v1, v2)", self.vyte("/hooks", None)),
            ("", self.vyte("/v2/hooks", None)),
            ("Make a hook as a Vyte integration does", self.vyte("/hooks", Some(&hook))),
            ("List hooks as a SimplyMeet.me integration does", self.simplymeet("/api/webhooks")),
            ("List subscriptions, hooks of every API among them", self.native("/api/v1/subscriptions", None)),
            ("Subscribe", self.native("/api/v1/subscriptions", Some(&subscription))),
            ("Publish an action", self.native("/api/v1/actions", Some(action))),
            ("Ask for bookings by GraphQL", self.native("/graphql", Some(GRAPHQL))),
            ("List deliveries", self.native("/api/v1/deliveries?limit=5", None)),
        ];
        if let Some(id) = self.failed_delivery {
            let path = format!("/api/v1/deliveries/{id}/attempts");
            commands.push(("See the attempts of a delivery that failed at first", self.native(&path, None)));
        }
        commands
    }

    fn vyte(&self, path: &str, body: Option<&str>) -> String {
        self.curl(path, self.key, body)
    }

    fn native(&self, path: &str, body: Option<&str>) -> String {
        self.curl(path, &format!("Bearer {}", self.key), body)
    }

    fn simplymeet(&self, path: &str) -> String {
        format!("curl -s 'http://{}{path}' -H 'X-API-KEY: {}'", self.server, self.key)
    }

    fn curl(&self, path: &str, authorization: &str, body: Option<&str>) -> String {
        let data =
            body.map(|body| format!(" -H 'Content-Type: application/json' -d '{body}'")).unwrap_or_default();
        format!("curl -s 'http://{}{path}' -H 'Authorization: {authorization}'{data}", self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tour(failed_delivery: Option<&str>) -> Vec<(&'static str, String)> {
        let server = SocketAddr::from(([127, 0, 0, 1], 8080));
        Tour { server, key: "k1", target_url: "http://127.0.0.1:4000/desk", failed_delivery }.commands()
    }

    #[test]
    fn commands_carry_address_key_and_body() {
        let commands = tour(None);
        assert_eq!(commands[0].1, "curl -s 'http://127.0.0.1:8080/hooks' -H 'Authorization: k1'");
        assert_eq!(
            commands[2].1,
            "curl -s 'http://127.0.0.1:8080/hooks' -H 'Authorization: k1' -H 'Content-Type: application/json' \
             -d '{\"action\": \"event.confirmed\", \"target_url\": \"http://127.0.0.1:4000/desk\"}'"
        );
        assert_eq!(commands[3].1, "curl -s 'http://127.0.0.1:8080/api/webhooks' -H 'X-API-KEY: k1'");
        assert!(commands[4].1.ends_with("-H 'Authorization: Bearer k1'"));
    }

    #[test]
    fn a_delivery_that_failed_can_be_looked_at() {
        assert!(tour(None).iter().all(|(_, command)| !command.contains("/attempts")));
        assert!(tour(Some("dlv_1")).last().unwrap().1.contains("/api/v1/deliveries/dlv_1/attempts'"));
    }
}
