//! The answer that names the organizations and teams of a token's user.

use serde::Serialize;

use rendezhook_domain::organization::Organization;

use super::page::SelfLink;

const ROLE: &str = "team_admin";

/// What the team's administrator may do, in the words of the document.
const PERMISSIONS: [&str; 3] = ["Booking:View", "Booking:ViewDeleted", "Event:ViewSettings"];

/// The number of an organization's team. Each has one, which has the organization's own number.
#[must_use]
pub const fn team_of(organization: &Organization) -> u32 {
    organization.number.get()
}

/// For whom a token speaks.
#[derive(Debug, Clone, Copy)]
pub struct ActiveTeam<'a> {
    /// The organization of the team.
    pub organization: &'a Organization,
    /// The number of the user.
    pub user_id: u32,
}

/// Names organizations with their teams, and the team for which the token speaks. `address` is the public address of the
/// server.
#[must_use]
pub fn organizations<'a>(
    organizations: impl IntoIterator<Item = &'a Organization>,
    active: ActiveTeam<'a>,
    address: &str,
) -> Vec<u8> {
    let answer = Answer {
        organizations: organizations.into_iter().map(NamedOrganization::of).collect(),
        active_team: ActiveTeamAnswer::of(active),
        links: SelfLink::to(format!("{address}/v1/organizers/current/organizations")),
    };
    // Texts, numbers and lists of them always fit into JSON.
    serde_json::to_vec(&answer).unwrap_or_default()
}

#[derive(Serialize)]
struct Answer<'a> {
    organizations: Vec<NamedOrganization<'a>>,
    active_team: ActiveTeamAnswer,
    #[serde(rename = "_links")]
    links: SelfLink,
}

#[derive(Serialize)]
struct NamedOrganization<'a> {
    id: u32,
    name: &'a str,
    #[serde(rename = "canEdit")]
    can_edit: bool,
    teams: [Team; 1],
}

impl<'a> NamedOrganization<'a> {
    fn of(organization: &'a Organization) -> Self {
        let team = Team { id: team_of(organization), name: None, role: ROLE };
        Self { id: organization.number.get(), name: &organization.name, can_edit: true, teams: [team] }
    }
}

#[derive(Serialize)]
struct Team {
    id: u32,
    name: Option<&'static str>,
    role: &'static str,
}

/// Members that are always null belong to the document's shape.
#[derive(Serialize)]
struct ActiveTeamAnswer {
    permissions: [&'static str; 3],
    id: u32,
    name: Option<&'static str>,
    organization_id: u32,
    user_id: u32,
    role: &'static str,
    is_all_events_team: bool,
    show_info_box: Option<bool>,
    user_count: Option<u32>,
    live_events_count: Option<u32>,
}

impl ActiveTeamAnswer {
    const fn of(active: ActiveTeam<'_>) -> Self {
        Self {
            permissions: PERMISSIONS,
            id: team_of(active.organization),
            name: None,
            organization_id: active.organization.number.get(),
            user_id: active.user_id,
            role: ROLE,
            is_all_events_team: true,
            show_info_box: None,
            user_count: None,
            live_events_count: None,
        }
    }
}
