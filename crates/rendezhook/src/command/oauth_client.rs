//! `rendezhook oauth-client`: OAuth clients of an organization.

use std::process::ExitCode;

use serde_json::json;

use super::{Ending, output};
use crate::client::{ApiClient, Body, Connection};

/// Make, list and revoke OAuth clients, which get the tokens that the doo API needs beside a key.
///
/// `--organization` names the organization; the key that is used has to be the server's admin key or an admin key of it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an OAuth client. Its secret is shown once, now.
    Create {
        /// What people call it.
        name: String,
        /// The user for whom it acts; the organization's technical user when not given.
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the OAuth clients, without their secrets.
    List {
        /// Where the list goes on: `next` of the page before.
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
        /// How many OAuth clients a page has at most.
        #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
        limit: u8,
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke an OAuth client; its tokens are refused from this moment on.
    Revoke {
        /// Its `client_id`.
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Carries the command out.
pub(crate) fn run(command: Command) -> Ending {
    match command {
        Command::Create { name, user, connection } => {
            let (client, oauth_clients) = ApiClient::below_organization(&connection, "oauth-clients")?;
            let body = json!({"name": name, "user": user});
            output::json(&client.call("POST", &oauth_clients, &Body::Json(&body))?);
        }
        Command::List { cursor, limit, connection } => {
            let (client, oauth_clients) = ApiClient::below_organization(&connection, "oauth-clients")?;
            let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = format!("{oauth_clients}?limit={limit}{cursor}");
            output::json(&client.call("GET", &page, &Body::Empty)?);
        }
        Command::Revoke { id, connection } => {
            let (client, oauth_clients) = ApiClient::below_organization(&connection, "oauth-clients")?;
            client.call("DELETE", &format!("{oauth_clients}/{id}"), &Body::Empty)?;
            output::line(format!("revoked {id}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
